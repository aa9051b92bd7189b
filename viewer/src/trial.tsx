import { useState } from "preact/hooks";
import type { ProofContent, TrialContent } from "../../orchestrator/report/html/content.ts";
import { hasCapture, readCapture } from "./data.ts";
import { Kept } from "./kept.tsx";
import { Ladder } from "./ladder.tsx";
import { linkTo } from "./place.ts";
import { Plural } from "./plural.tsx";

interface Shown {
  /** The cell's number in the run, and its id. */
  readonly number: number;
  readonly id: string;
  readonly trial: TrialContent;
  readonly step: number | undefined;
}

/** One trial: why it came out as it did, its ladder, and what the run directory holds of it. */
export function Trial({ number, id, trial, step }: Shown) {
  const { n, words, decisive, proof, faults, ladder, kept, logs, files } = trial;
  const [verdict, ...reasons] = words;
  const toStep = (at: number): string => linkTo({ page: "cell", id, trial: n, step: at });
  return (
    <>
      <section class="reason">
        <h2>
          Trial {n}: {verdict}
        </h2>
        {reasons.map((reason) => (
          <p key={reason}>{reason}</p>
        ))}
        {decisive !== undefined && (
          <p>
            <a href={toStep(decisive)}>◀ the packet that shows it</a>
          </p>
        )}
        {faults.map((fault) => (
          <p class="fault" key={fault}>
            {fault}
          </p>
        ))}
        {proof.length > 0 && <Proof proof={proof} toStep={toStep} />}
      </section>
      {ladder ? (
        <section>
          <h2>Packets</h2>
          <Ladder ladder={ladder} kept={kept} step={step} toStep={toStep} />
          <Download number={number} trial={trial} id={id} />
        </section>
      ) : (
        <p class="note">There is no evidence of this trial.</p>
      )}
      {ladder && ladder.text !== "" && (
        <details>
          <summary>The ladder as text</summary>
          <pre class="text">{ladder.text}</pre>
        </details>
      )}
      {kept.length > 0 && (
        <details>
          <summary>
            <Plural count={kept.length} one="connection" /> that the NATs kept (conntrack)
          </summary>
          <Kept kept={kept} />
        </details>
      )}
      {logs.length > 0 && (
        <details>
          <summary>
            Agents' logs, <Plural count={logs.length} one="line" />
          </summary>
          <div class="scroll">
            <table class="logs">
              <tbody>
                {logs.map(({ ms, node, what, detail }, at) => (
                  <tr key={at}>
                    <td class="ms">{ms.toFixed(2)}</td>
                    <th scope="row">{node}</th>
                    <td>{what}</td>
                    <td class="mono">{detail}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      )}
      {files.map(({ title, path, text, beyond }) => (
        <details key={path}>
          <summary>{title}</summary>
          {text !== "" && <pre class="text">{text}</pre>}
          {beyond > 0 && (
            <p class="note">
              <Plural count={beyond} one="more character" /> in <code>{path}</code>
            </p>
          )}
        </details>
      ))}
    </>
  );
}

function Proof({
  proof,
  toStep,
}: {
  readonly proof: readonly ProofContent[];
  readonly toStep: (step: number) => string;
}) {
  return (
    <ol class="proof">
      {proof.map(({ claim, evidence, step }) => (
        <li key={claim}>
          <b>{claim}</b>
          <span>{evidence}</span>
          {step !== undefined && (
            <a href={toStep(step)} aria-label={`The packet for: ${claim}`}>
              packet
            </a>
          )}
        </li>
      ))}
    </ol>
  );
}

/** The capture as a file for Wireshark, where there was room for it in the page. */
function Download({ number, trial: { n, capture }, id }: Pick<Shown, "number" | "trial" | "id">) {
  const [failed, setFailed] = useState(false);
  if (!capture) return null;
  const size = `${Math.ceil(capture.bytes / 1000)} kB`;
  if (!hasCapture(number, n) || failed)
    return (
      <p class="note">
        The capture ({size}) is in the run directory: <code>{capture.path}</code>
      </p>
    );
  const save = async (): Promise<void> => {
    const blob = await readCapture(number, n);
    if (!blob) return setFailed(true);
    const url = URL.createObjectURL(blob);
    const link = document.createElement("a");
    link.href = url;
    link.download = `${id.replaceAll(/[^\w.+~-]/g, "_")}.trial-${n}.pcapng`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), RELEASE_MS);
  };
  return (
    <p>
      <button type="button" onClick={() => void save().catch(() => setFailed(true))}>
        ⤓ capture.pcapng ({size})
      </button>
    </p>
  );
}

/** The browser reads the file after the click is over. */
const RELEASE_MS = 60_000;
