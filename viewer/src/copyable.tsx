import { useState } from "preact/hooks";

/** A command to copy; where the browser does not let a page write to the clipboard, it is selected instead. */
export function Copyable({ text, what }: { readonly text: string; readonly what: string }) {
  const [copied, setCopied] = useState(false);
  const copy = (event: { readonly currentTarget: HTMLElement }): void => {
    const code = event.currentTarget.previousElementSibling;
    if (code) getSelection()?.selectAllChildren(code);
    navigator.clipboard?.writeText(text).then(
      () => setCopied(true),
      () => {}, // it stays selected
    );
  };
  return (
    <div class="copyable">
      <code>{text}</code>
      <button type="button" title={`Copy ${what}`} onClick={copy}>
        {copied ? "copied" : "copy"}
      </button>
    </div>
  );
}
