import type { KeptContent } from "../../orchestrator/report/html/content.ts";

/** The connections that the NATs kept: how they are called inside and outside, from when to when. */
export function Kept({ kept }: { readonly kept: readonly KeptContent[] }) {
  return (
    <div class="scroll">
      <table class="logs">
        <thead>
          <tr>
            <th>NAT</th>
            <th>first packet</th>
            <th>its answers come as</th>
            <th>from, ms</th>
            <th>to, ms</th>
            <th>states</th>
          </tr>
        </thead>
        <tbody>
          {kept.map(({ node, inside, outside, fromMs, toMs, states, signalling }, at) => (
            <tr key={at} class={signalling ? "faint" : undefined}>
              <th scope="row">{node}</th>
              <td class="mono">{inside}</td>
              <td class="mono">{outside}</td>
              <td class="ms">{fromMs === undefined ? "before" : fromMs.toFixed(2)}</td>
              <td class="ms">{toMs === undefined ? "end" : toMs.toFixed(2)}</td>
              <td>{states}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
