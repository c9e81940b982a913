/** Chinese; a missing or unknown key does not compile. */

import type { Texts } from "./index.ts";
import { app } from "./zh/app.ts";
import { editor } from "./zh/editor.ts";
import { panels } from "./zh/panels.ts";
import { reference } from "./zh/reference.ts";
import { structure } from "./zh/structure.ts";

export const zh: Texts = { ...app, ...editor, ...panels, ...reference, ...structure };
