#!/usr/bin/python3
"""Checks the heartbeats that a central collector has taken: docs/heartbeat.md says what each finding means.

    heartbeat_verifier.py [--silent-after SECONDS] FILE...

FILE: JSON, one document a line, in the order of receipt; alerts and other documents are passed over, and so is a
document that was delivered twice. A line may also be {"alert": DOCUMENT, ...}, as tests/end_to_end/receiver.py writes.
Prints a line a finding, "HOST AGENT: KIND: what", and a summary. Exit code 0: no finding; 1: findings; 2: wrong usage.
"""
import argparse
import collections
import datetime
import hashlib
import json
import sys

ZERO = "0" * 64


def canonical(heartbeat):
    """What the hash is over: all members but the hash, keys in order, no blanks, UTF-8."""
    rest = {key: value for key, value in heartbeat.items() if key != "hash"}
    return json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def parse_time(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")


def read(lines):
    """The heartbeats in lines, oldest first."""
    for line in lines:
        if not line.strip():
            continue
        document = json.loads(line)
        if "alert" in document and "tripline" not in document:
            if not 200 <= document.get("status", 200) < 300:
                continue
            document = document["alert"]
        heartbeat = document.get("tripline", {}).get("heartbeat")
        if heartbeat:
            yield heartbeat


class Chain:
    """All heartbeats of one agent id."""

    def __init__(self, silent_after):
        self.silent_after = silent_after
        self.by_sequence = {}
        self.last = None
        self.boots = collections.OrderedDict()  # boot -> sequence numbers
        self.reached = {}
        self.lost_events = {}                       # source -> record id
        self.hosts = set()

    def take(self, beat):
        """Findings about the next heartbeat, as (kind, text)."""
        digest = hashlib.sha256(canonical(beat)).hexdigest()
        sequence, boot = beat["sequence"], beat["boot"]
        if digest != beat.get("hash"):
            yield "changed", f"heartbeat {sequence} is not what its hash says"
            return
        if self.hosts and beat["host"] not in self.hosts:
            yield "clone", f"heartbeat {sequence} of this agent id comes from host {beat['host']}, not {sorted(self.hosts)[0]}"
        self.hosts.add(beat["host"])
        known = self.by_sequence.get(sequence)
        if known is not None:
            if known["hash"] == beat["hash"]:
                return  # delivered twice
            yield from self.forked(beat, known)
        elif self.last is None:
            if sequence != 1:
                yield "missing", f"the first heartbeat here is number {sequence}: those before it are not here"
        elif boot in self.boots and boot != self.last["boot"]:
            # The one run goes on though another has begun in between: two live on one identity.
            yield "clone", f"heartbeat {sequence}: run {boot} goes on beside run {self.last['boot']}"
        elif sequence > self.last["sequence"] + 1:
            yield "missing", f"heartbeats {self.last['sequence'] + 1} to {sequence - 1} are not here"
        elif beat["previous"] != self.last["hash"]:
            yield "broken", f"heartbeat {sequence} does not follow from heartbeat {self.last['sequence']}"
        if self.last is not None and self.silent_after:
            pause = (parse_time(beat["time"]) - parse_time(self.last["time"])).total_seconds()
            if pause > self.silent_after:
                yield "silent", f"{pause:.0f} s before heartbeat {sequence}"
        if beat["skipped"]:
            yield "skipped", f"{beat['skipped']} heartbeats were left out before {sequence}: the outbox was half full"
        if known is None:
            yield from self.records(beat)
        self.by_sequence.setdefault(sequence, beat)
        self.boots.setdefault(boot, []).append(sequence)
        self.last = beat

    def forked(self, beat, known):
        """Two different heartbeats of one number."""
        if beat["boot"] in self.boots and beat["boot"] != self.last["boot"]:
            yield "clone", f"heartbeat {beat['sequence']}: run {beat['boot']} goes on beside run {self.last['boot']}"
        elif known["boot"] == beat["boot"]:
            yield "clone", f"heartbeat {beat['sequence']} is there twice, from one run"
        else:
            yield "rollback", (f"heartbeat {beat['sequence']} is there twice, with different contents: the state of "
                               f"{known['time']} was set back, or the host was cloned")

    def records(self, beat):
        for receipt in beat["receipts"]:
            source, after, to = receipt["source"], receipt["after"], receipt["to"]
            for first, last in receipt["lost"]:
                yield "lost", f"{source}: records {first} to {last} were gone before they were read"
            # ETW's losses have no record ids: their count, which begins anew with each run.
            counted = self.lost_events.get((beat["boot"], source), 0)
            if receipt["to"] is None and receipt["lost_events"] > counted:
                yield "lost", f"{source}: {receipt['lost_events'] - counted} events were lost before they were read"
            self.lost_events[beat["boot"], source] = receipt["lost_events"]
            if receipt["restarted"]:
                yield "restarted", f"{source}: reading began anew (log cleared, or the place reached could not be used)"
            reached = self.reached.get(source)
            if reached is not None and after is not None and after > reached:
                yield "hole", f"{source}: records {reached + 1} to {after} are in no receipt"
            if reached is not None and to is not None and to < reached and not receipt["restarted"]:
                yield "back", f"{source}: it had come to record {reached}, and now only to {to}"
            if to is not None:
                self.reached[source] = to


def verify(heartbeats, silent_after=0):
    """All findings, as (host, agent id, kind, text), and the chains."""
    chains, findings = collections.OrderedDict(), []
    identities = collections.defaultdict(set)
    for beat in heartbeats:
        agent = beat["agent_id"]
        chain = chains.setdefault(agent, Chain(silent_after))
        findings += [(beat["host"], agent, kind, text) for kind, text in chain.take(beat)]
        others = identities[beat["host"]] - {agent}
        if others and agent not in identities[beat["host"]]:
            findings.append((beat["host"], agent, "new identity", f"this host was {sorted(others)[0]} before: its state "
                             "was deleted, or another host has its name"))
        identities[beat["host"]].add(agent)
    return findings, chains


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--silent-after", type=float, default=0, metavar="SECONDS")
    parser.add_argument("files", nargs="+", metavar="FILE")
    options = parser.parse_args()
    heartbeats = []
    for name in options.files:
        with open(name, encoding="utf-8") as file:
            heartbeats += read(file)
    findings, chains = verify(heartbeats, options.silent_after)
    for host, agent, kind, text in findings:
        print(f"{host} {agent}: {kind}: {text}")
    for agent, chain in chains.items():
        reached = ", ".join(f"{source} to {record}" for source, record in sorted(chain.reached.items()))
        last = chain.last["sequence"] if chain.last else 0
        print(f"{agent} ({', '.join(sorted(chain.hosts))}): {len(chain.by_sequence)} heartbeats, the last is {last}; "
              f"{len(chain.boots)} runs; {reached or 'no records yet'}")
    if not chains:
        print("no heartbeats found")
    return 1 if findings or not chains else 0


if __name__ == "__main__":
    sys.exit(main())
