#!/usr/bin/python3
"""Shows the road: a few hundred recorded events in Windows' logs (in Wine), the published attack hidden among them twice,
the service, and the alerts that arrive at an HTTPS receiver.

    demo.py BUILD_TREE SHARED

Recorded events come from SHARED/corpus where that is, else from tests/data. Exit code 0 only if exactly the two expected
alerts arrived.
"""
import gzip
import re
import sys
import tempfile
import time
from pathlib import Path

import wine
import world

BUILD, SHARED = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
WANTED = 300
PROVIDERS = {"Microsoft-Windows-Security-Auditing": world.SECURITY, "Microsoft-Windows-Sysmon": world.SYSMON}


def recorded():
    """Up to WANTED recorded process creations, as (channel, event on one line)."""
    corpus = sorted((SHARED / "corpus" / "xml").glob("*.xml.gz"))
    if corpus:
        source, lines = corpus[0].parent, (line for path in corpus for line in gzip.open(path, "rt", encoding="utf-8"))
    else:
        source = world.HERE.parent / "data" / "background.xml"
        lines = source.read_text(encoding="utf-8").splitlines()
    events = []
    for line in lines:
        match = re.search(r"<Provider Name='([^']*)'.*?<EventID[^>]*>(\d+)<", line)
        if match and (match.group(1), match.group(2)) in {("Microsoft-Windows-Security-Auditing", "4688"),
                                                          ("Microsoft-Windows-Sysmon", "1")}:
            events.append((PROVIDERS[match.group(1)], line.rstrip("\n")))
        if len(events) == WANTED:
            break
    return source, events


def renumber(line, record):
    """A log counts its records upwards; recorded events come from many logs."""
    return re.sub(r"<EventRecordID>\d+<", f"<EventRecordID>{record}<", line, count=1)


class Steps:
    def __init__(self):
        self.begin = time.monotonic()

    def say(self, text):
        print(f"[{time.monotonic() - self.begin:5.1f} s] {text}", flush=True)


def show(number, received, event_time):
    alert = received["alert"]
    kind = {"4688": "Security 4688", "1": "Sysmon 1"}[alert["event"]["code"]]
    took = 1000 * (received["received_ns"] / 1e9 - world.seconds(event_time))
    print(f"\n  alert {number}   {kind}, record {alert['event']['sequence']}   {took:.0f} ms from event to receipt")
    print(f"    rule      {alert['rule']['name']} ({alert['rule']['id']}), {alert['sentinel']['Type']}")
    print(f"    host      {alert['host']['name']}")
    print(f"    account   {alert['user']['domain']}\\{alert['user']['name']}")
    print(f"    process   {alert['process']['executable']} (pid {alert['process']['pid']})")
    print(f"    started   {alert['process']['command_line']}")
    print(f"    alert id  {alert['event']['id']}")


def play(steps, folder, windows, receiver):
    """Returns the alerts received and the time of each attack by event code."""
    source, events = recorded()
    counts = {name: 0 for name in (world.SECURITY, world.SYSMON, world.FORWARDED)}
    lines = {name: [] for name in counts}
    for channel, line in events:
        counts[channel] += 1
        lines[channel].append(renumber(line, counts[channel]))
    half = {name: len(lines[name]) // 2 for name in lines}
    for name, some in lines.items():
        windows.append(name, *some[:half[name]])
    steps.say(f"{len(events)} recorded process creations ({counts[world.SECURITY]} Security 4688, {counts[world.SYSMON]} "
              f"Sysmon 1) from {source.name}; half are in the log before the agent")

    (windows.state / "ca.pem").write_bytes((folder / "certificates" / "ca.pem").read_bytes())
    config = windows.state / "tripline.xml"
    world.write_config(config, receiver.url, "ca.pem", list(lines), windows.windows_path(windows.state),
                       output='max-batch-age="0s"')
    for verb in (["install", "--config", windows.windows_path(config)], ["start"]):
        code, out, err = windows.run(*verb)
        steps.say(f"tripline {verb[0]}: {(out + err).strip()}")
        if code != 0:
            raise SystemExit(1)
    windows.wait_for_log("T1001")

    times = {}
    for name, make in ((world.SECURITY, world.event_4688), (world.SYSMON, world.event_sysmon)):
        rest = lines[name][half[name]:]
        cut = len(rest) // 2
        windows.append(name, *rest[:cut])
        when = world.now()
        # It takes the place of one that is left out, so that record ids stay without a gap.
        windows.append(name, make(half[name] + cut + 1, world.ATTACK, when))
        windows.append(name, *(renumber(line, half[name] + cut + 2 + i) for i, line in enumerate(rest[cut:])))
        times["4688" if name == world.SECURITY else "1"] = when
        steps.say(f"the attack happens, among the other half: {name}")
    try:
        world.wait_for(lambda: len(receiver.received()) >= 2, 30, "two alerts")
    except AssertionError as error:
        steps.say(str(error))
    time.sleep(1)  # would there be one too many?
    return receiver.received(), times


def main():
    steps = Steps()
    with tempfile.TemporaryDirectory(prefix="tripline-demo-") as name:
        folder = Path(name)
        world.make_certificates(folder / "certificates")
        receiver = world.Receiver(folder, folder / "certificates")
        steps.say(f"an HTTPS receiver listens at {receiver.url}")
        windows = wine.Wine(folder, BUILD / "tripline.exe", BUILD / "tests" / "winsim" / "wevtapi.dll")
        steps.say("Windows (Wine) runs, with a stand-in for its Event Log")
        try:
            received, times = play(steps, folder, windows, receiver)
            for verb in ("stop", "uninstall"):
                code, out, err = windows.run(verb)
                steps.say(f"tripline {verb}: {(out + err).strip().splitlines()[-1]}")
            complaints = windows.aborts()
            log = windows.log()
        finally:
            windows.stop()
            receiver.stop()
    for number, one in enumerate(received, 1):
        show(number, one, times[one["alert"]["event"]["code"]])
    good = sorted(one["alert"]["event"]["code"] for one in received) == ["1", "4688"] and not complaints
    good = good and all(one["alert"]["process"]["command_line"] == world.ATTACK for one in received)
    if not good:
        print(f"\nFAILED: expected one alert of 4688 and one of Sysmon 1, got {len(received)}\n{complaints}\n{log}")
        return 1
    print("\nExactly the two alerts that were expected arrived.")
    return 0


sys.exit(main())
