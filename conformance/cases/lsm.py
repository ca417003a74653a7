"""config.md#linux-process: noNewPrivileges, AppArmor and SELinux."""

from conformance.author import (
    AppArmor,
    Case,
    File,
    Rejects,
    Scenario,
    apparmor,
    args,
    create,
    delete,
    ended,
    ids,
    labelled,
    no_new_privileges,
    path_gives,
    proc_file,
    recorded,
    runs,
    says,
    selinux,
    start,
    user,
    value_taken,
)

FLAGS = "attach_disconnected,mediate_deleted"
ENFORCED = f"profile proctor-test flags=({FLAGS}) {{\n  file,\n  capability,\n  signal,\n  deny /forbidden w,\n}}\n"
COMPLAINS = f"profile proctor-complains flags=({FLAGS},complain) {{\n  file,\n  deny /forbidden w,\n}}\n"
WRITES = runs("dump", "write", "/forbidden", "x", "write", "/allowed", "x")
# The text leaves open whether a runtime takes this; what it does is recorded.
MAYBE = (create().may_fail(), start().may_fail(), ended().may_fail(), delete(force=True).may_fail())
TOOL = File(path="rootfs/tool", kind="probe", mode=0o4755)

CASES = [
    *(
        Case(
            id=f"no-new-privileges/true{word}",
            claim="noNewPrivileges true sets no_new_privs on the program",
            clause="config.process.no-new-privileges-true",
            config=[no_new_privileges(True), *patches],
            expect=[says("no_new_privs", 1)],
        )
        for word, patches in (("", []), ("-of-another-user", [user(1000)]), ("-without-capabilities", [{"process": {"capabilities": None}}]))
    ),
    Case(
        id="no-new-privileges/set-user-id-program",
        claim="with noNewPrivileges a set-user-ID program runs as the user of the configuration",
        clause="config.process.no-new-privileges-true",
        world=[TOOL],
        config=[no_new_privileges(True), user(1000), args("/tool", "dump")],
        expect=[ids("uid", 1000)],
    ),
    Case(
        id="no-new-privileges/set-user-id-program-without",
        claim="without noNewPrivileges a set-user-ID program may run as its owner",
        clause="config.process.no-new-privileges-false",
        world=[TOOL],
        config=[no_new_privileges(False), user(1000), args("/tool", "dump")],
        expect=[labelled("no-new-privs", says("no_new_privs", 0)), *recorded(says("uid", [1000, 0, 0, 0]))],
    ),
    *(
        Case(
            id=f"no-new-privileges/{word}",
            claim="without noNewPrivileges the program's no_new_privs is not set",
            clause="config.process.no-new-privileges-false",
            config=[{"process": {"noNewPrivileges": value}}, *patches],
            expect=[says("no_new_privs", 0)],
        )
        for word, value, patches in (("false", False, []), ("absent", None, []), ("false-of-another-user", False, [user(1000)]))
    ),
    *(
        Case(
            id=f"apparmor/profile{word}",
            claim="the program runs under the profile named, and its rules hold",
            clause="config.process.apparmor-profile",
            needs=["apparmor"],
            world=[AppArmor(name="proctor-test", text=ENFORCED)],
            config=[WRITES, apparmor("proctor-test"), *patches],
            expect=[
                proc_file("attr/current", "proctor-test (enforce)"),
                labelled("denied", path_gives("write /forbidden", "EACCES")),
                labelled("allowed", path_gives("write /allowed", "OK")),
            ],
        )
        for word, patches in (("", []), ("-without-no-new-privileges", [no_new_privileges(False)]))
    ),
    Case(
        id="apparmor/profile-of-another-user",
        claim="a program of another user runs under the profile named",
        clause="config.process.apparmor-profile",
        needs=["apparmor"],
        world=[AppArmor(name="proctor-test", text=ENFORCED)],
        config=[apparmor("proctor-test"), user(1000)],
        expect=[proc_file("attr/current", "proctor-test (enforce)")],
    ),
    Case(
        id="apparmor/profile-that-complains",
        claim="a profile that only complains is the program's too",
        clause="config.process.apparmor-profile",
        needs=["apparmor"],
        world=[AppArmor(name="proctor-complains", text=COMPLAINS)],
        config=[apparmor("proctor-complains")],
        expect=[proc_file("attr/current", "proctor-complains (complain)")],
    ),
    *(
        Scenario(
            id=f"apparmor/{word}",
            claim="without a profile named the program is confined or not as the runtime's caller is",
            clause="config.process.apparmor-profile",
            needs=["apparmor"],
            config=[{"process": {"apparmorProfile": value}}],
            steps=MAYBE,
            expect=[*recorded(value_taken("files.attr/current"))],
        )
        for word, value in (("absent", None), ("empty", ""))
    ),
    Rejects(
        id="apparmor/unknown-profile",
        claim="a profile that is not loaded makes create or start fail",
        clause="config.process.apparmor-unknown-error",
        at="create or start",
        config=[apparmor("proctor-no-such-profile")],
    ),
    Case(
        id="selinux/label",
        claim="the program runs with the label given",
        clause="config.process.selinux-label",
        needs=["selinux"],
        config=[selinux("system_u:system_r:container_t:s0:c1,c2")],
        expect=[proc_file("attr/current", "system_u:system_r:container_t:s0:c1,c2")],
    ),
    Rejects(
        id="selinux/no-such-label",
        claim="a label that the kernel cannot give makes create or start fail",
        clause="config.process.selinux-unavailable-error",
        at="create or start",
        config=[selinux("proctor:no:such:s0")],
    ),
]
