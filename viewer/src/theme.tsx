import { useEffect, useState } from "preact/hooks";

const THEMES = ["auto", "light", "dark"] as const;
const SIGN: Record<(typeof THEMES)[number], string> = { auto: "◐", light: "☀", dark: "☾" };

/** The reader's own light or dark, unless told otherwise for as long as the page is open. */
export function ThemeSwitch() {
  const [theme, setTheme] = useState<(typeof THEMES)[number]>("auto");
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!;
  return (
    <button type="button" class="theme" title={`Colours: ${theme}. Next: ${next}`} onClick={() => setTheme(next)}>
      <span aria-hidden="true">{SIGN[theme]}</span> {theme}
    </button>
  );
}
