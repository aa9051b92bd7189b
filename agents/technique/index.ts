import type { TechniqueName, Traversal } from "../../wire/technique.ts";
import type { HostRole } from "../../wire/rendezvous.ts";
import { lobbyX } from "./auto-x.ts";
import { birthdayPredictableHost, birthdayRandomHost } from "./birthday-open.ts";
import { dialHost, exchangeX } from "./dial.ts";
import type { HostMachine, XMachine } from "./machine.ts";
import { natblaster1X, routedHost } from "./natblaster-1.ts";
import { natblaster2Host, natblaster2X } from "./natblaster-2.ts";
import { natblaster3X } from "./natblaster-3.ts";
import { natblaster4Host, natblaster4X } from "./natblaster-4.ts";
import { natblaster5Host, natblaster5X } from "./natblaster-5.ts";
import { natblaster6Host, natblaster6X } from "./natblaster-6.ts";
import { p2pnatHost, p2pnatX } from "./p2pnat.ts";
import { relayHost, relayX } from "./relay.ts";
import { sequentialOpenHost } from "./sequential-open.ts";
import { simultaneousOpenHost } from "./simultaneous-open.ts";
import { stunt2Host } from "./stunt-2.ts";
import { tcpRepairHost, tcpRepairX } from "./tcp-repair.ts";
import { callerHost, turnsX } from "./turns.ts";

/** The machine that host `role` runs for a technique. Its state is opaque to whoever drives it. */
export function hostMachine(role: HostRole, technique: Traversal): HostMachine<unknown> {
  switch (technique.name) {
    case "connect":
    case "public":
      return opaque(dialHost(role));
    case "relay":
      return opaque(relayHost());
    case "simultaneous-open":
      return opaque(simultaneousOpenHost(role, technique));
    case "p2pnat":
      return opaque(p2pnatHost(role, technique));
    case "birthday-open":
      return role === "a" ? opaque(birthdayRandomHost(technique)) : opaque(birthdayPredictableHost(technique));
    case "natblaster-1":
    case "natblaster-3":
      return opaque(routedHost(role, technique));
    case "sequential-open":
      return role === "a" ? opaque(sequentialOpenHost(technique)) : opaque(callerHost(technique));
    case "stunt-2":
      return role === "a" ? opaque(stunt2Host(technique)) : opaque(callerHost(technique));
    case "stunt-1": // the same on the wire: see natblaster2Host
    case "natblaster-2":
      return opaque(natblaster2Host(role, technique));
    case "natblaster-4":
      return opaque(natblaster4Host(role, technique));
    case "tcp-repair":
      return opaque(tcpRepairHost(role, technique));
    case "natblaster-6":
      return opaque(natblaster6Host(role, technique));
    case "natblaster-5":
      return opaque(natblaster5Host(role, technique));
  }
}

/** The machine that X runs for a technique. */
export function xMachine(name: TechniqueName): XMachine<unknown> {
  switch (name) {
    case "connect":
    case "public":
    case "simultaneous-open":
      return opaque(exchangeX());
    case "sequential-open":
    case "stunt-2":
    case "birthday-open":
      return opaque(turnsX());
    case "p2pnat":
      return opaque(p2pnatX());
    case "relay":
      return opaque(relayX());
    case "natblaster-1":
      return opaque(natblaster1X());
    case "stunt-1":
    case "natblaster-2":
      return opaque(natblaster2X());
    case "natblaster-3":
      return opaque(natblaster3X());
    case "natblaster-4":
      return opaque(natblaster4X());
    case "tcp-repair":
      return opaque(tcpRepairX());
    case "natblaster-6":
      return opaque(natblaster6X());
    case "natblaster-5":
      return opaque(natblaster5X());
    case "auto":
      return opaque(lobbyX());
  }
}

/** A driver feeds back the state it was given, so hiding its type is safe. */
function opaque<Machine>(machine: Machine): never {
  return machine as never;
}
