import { render } from "preact";
import { App } from "./app.tsx";
import { readOverview } from "./data.ts";

const page = document.getElementById("page")!;
const overview = await readOverview();
page.replaceChildren();
render(<App overview={overview} />, page);
