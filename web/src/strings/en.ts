/** English: the parts of the editor, one file each. */

import { app } from "./en/app.ts";
import { editor } from "./en/editor.ts";
import { panels } from "./en/panels.ts";
import { reference } from "./en/reference.ts";
import { structure } from "./en/structure.ts";

export const en = { ...app, ...editor, ...panels, ...reference, ...structure };
