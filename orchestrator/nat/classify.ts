import type { Fingerprint, Tested } from "../../wire/fingerprint.ts";
import { classifyFiltering, classifyUnsolicited, classifyWrongPeer } from "./classify/admission.ts";
import { classifyMapping } from "./classify/mapping.ts";
import { classifyCapacity, classifyPorts } from "./classify/ports.ts";
import { classifyCrossing, classifyReset, classifyTimeExceeded } from "./classify/survival.ts";
import { classifyTimer } from "./classify/timer.ts";
import {
  classifyHairpin,
  classifyOutOfState,
  classifySequence,
  classifySourceRoute,
  classifyTranslated,
  classifyWindow,
} from "./classify/translation.ts";
import { undetermined, type Classification, type Finding } from "./measured.ts";

/** Turns what a prober saw into the axes of the NAT between it and X, each with the measurement behind it. */
export function classify(seen: Fingerprint): Classification {
  const mapping = when(seen.bindings, ({ made }) => classifyMapping(made));
  const timer = (name: "synSent" | "established" | "closing") =>
    when(seen.timers, (timers) => classifyTimer(timers[name]));
  return {
    translated: when(seen.bindings, ({ made }) => classifyTranslated(made)),
    axes: {
      mapping,
      filtering: when(seen.strangers, ({ probes }) => classifyFiltering(probes)),
      ports: when(seen.bindings, ({ made }) => classifyPorts(made, mapping)),
      blockSize: when(seen.capacity, classifyCapacity),
      unsolicitedSyn: when(seen.unsolicited, ({ fate }) => classifyUnsolicited(fate)),
      wrongPeerSyn: when(seen.strangers, ({ probes }) => classifyWrongPeer(probes)),
      timeExceeded: when(seen.afterSyn, ({ probes }) => classifyTimeExceeded(probes)),
      reset: when(seen.afterSyn, ({ probes }) => classifyReset(probes)),
      crossingSyn: when(seen.afterSyn, ({ probes }) => classifyCrossing(probes)),
      outOfState: when(seen.outOfState, (sent) => classifyOutOfState(sent, seen.inside)),
      windowTracking: when(seen.outOfWindow, classifyWindow),
      sequenceNumbers: when(seen.sequence, classifySequence),
      sourceRoute: when(seen.sourceRoute, (routed) => classifySourceRoute(routed, seen.inside)),
      hairpin: when(seen.hairpin, classifyHairpin),
    },
    timeouts: { synSentS: timer("synSent"), establishedS: timer("established"), closingS: timer("closing") },
  };
}

/** The conclusion of a test that ran; of one that did not, its reason. */
function when<T, V>(test: Tested<T>, conclude: (observed: T) => Finding<V>): Finding<V> {
  return test.ran ? conclude(test) : undetermined(`not tested: ${test.why}`);
}
