/* `net`: what this network namespace holds. */
#include "probe.h"
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static void hex(const unsigned char *bytes, size_t length, size_t group) {
    char text[128];
    size_t at = 0;
    for (size_t i = 0; i < length && at + 3 < sizeof text; i++) {
        if (i && i % group == 0)
            text[at++] = ':';
        text[at++] = "0123456789abcdef"[bytes[i] >> 4];
        text[at++] = "0123456789abcdef"[bytes[i] & 15];
    }
    value_bytes(&line, text, at);
}

/* net: the interfaces of this network namespace, each with index, flags, mtu, hardware address and addresses. */
int verb_net(int count, char **words) {
    struct if_nameindex *names = if_nameindex();
    struct ifaddrs *addresses = NULL;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    (void)count;
    (void)words;
    int fault = names ? 0 : errno;
    if (getifaddrs(&addresses))
        addresses = NULL;
    begin(&line, '{');
    member_string(&line, "kind", "net");
    member_errno(&line, "errno", fault);
    key(&line, "interfaces");
    begin(&line, '{');
    for (int i = 0; names && names[i].if_name; i++) {
        struct ifreq request;
        key(&line, names[i].if_name);
        begin(&line, '{');
        member_int(&line, "index", names[i].if_index);
        memset(&request, 0, sizeof request);
        strncpy(request.ifr_name, names[i].if_name, IFNAMSIZ - 1);
        if (ioctl(fd, SIOCGIFFLAGS, &request) == 0)
            member_int(&line, "flags", request.ifr_flags);
        if (ioctl(fd, SIOCGIFMTU, &request) == 0)
            member_int(&line, "mtu", request.ifr_mtu);
        if (ioctl(fd, SIOCGIFHWADDR, &request) == 0) {
            key(&line, "mac");
            hex((const unsigned char *)request.ifr_hwaddr.sa_data, 6, 1);
        }
        key(&line, "addresses");
        begin(&line, '[');
        for (struct ifaddrs *a = addresses; a; a = a->ifa_next) {
            if (!a->ifa_addr || strcmp(a->ifa_name, names[i].if_name))
                continue;
            if (a->ifa_addr->sa_family == AF_INET)
                hex((const unsigned char *)&((struct sockaddr_in *)(void *)a->ifa_addr)->sin_addr, 4, 4);
            else if (a->ifa_addr->sa_family == AF_INET6)
                hex((const unsigned char *)&((struct sockaddr_in6 *)(void *)a->ifa_addr)->sin6_addr, 16, 2);
        }
        end(&line, ']');
        end(&line, '}');
    }
    end(&line, '}');
    end(&line, '}');
    emit(&line);
    if (fd >= 0)
        close(fd);
    return 0;
}
