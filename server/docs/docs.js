// Shows /api/openapi.json as a page. Text is set as text, so nothing in the document can act.

const openapi = await (await fetch("/api/openapi.json")).json();

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function resolved(schema) {
  const name = schema.$ref?.split("/").pop();
  return name ? { ...openapi.components.schemas[name], called: name } : schema;
}

/** What a value may be, in a few words. */
function kind(schema) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.anyOf) return schema.anyOf.map(kind).join(" or ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.type === "array") return `list of ${kind(schema.items)}`;
  if (schema.type === "object" && schema.additionalProperties?.type) return `object of ${kind(schema.additionalProperties)}`;
  const bounds = schema.minimum !== undefined ? ` ${schema.minimum} … ${schema.maximum}` : "";
  return `${schema.contentMediaType ?? schema.type ?? "anything"}${bounds}`;
}

function table(rows) {
  const body = rows.map(([name, what, about, required]) =>
    element("tr", {},
      element("td", {}, element("code", { textContent: name + (required ? " *" : "") })),
      element("td", { textContent: what }),
      element("td", { textContent: about ?? "" })));
  return element("table", {}, ...body);
}

function members(schema) {
  const { properties = {}, required = [] } = resolved(schema);
  return Object.entries(properties).map(([name, inner]) => [name, kind(inner), inner.description, required.includes(name)]);
}

function section(title, ...content) {
  return [element("h3", { textContent: title }), ...content];
}

function described(path, method, operation) {
  const about = element("div", { className: "about" });
  if (operation.description) about.append(element("p", { textContent: operation.description }));
  const parameters = operation.parameters ?? [];
  if (parameters.length)
    about.append(...section("Parameters", table(parameters.map((p) => [`${p.name} (${p.in})`,
      kind(p.schema) + (p.schema.default !== undefined ? `, by default ${JSON.stringify(p.schema.default)}` : ""),
      p.description, p.required]))));
  for (const [media, { schema }] of Object.entries(operation.requestBody?.content ?? {}))
    about.append(...section(`Body: ${media}`, schema.properties ? table(members(schema)) : element("p", { textContent: kind(schema) })));
  for (const [status, reply] of Object.entries(operation.responses)) {
    const content = Object.entries(reply.content ?? {});
    about.append(...section(`Answer ${status}`, element("p", { textContent: reply.description })));
    for (const [media, { schema }] of content) {
      const rows = schema ? members(schema) : [];
      if (rows.length && status[0] === "2") about.append(element("p", {}, element("code", { textContent: media })), table(rows));
      else about.append(element("p", { textContent: `${media}: ${schema ? kind(schema) : ""}` }));
    }
  }
  return element("details", { id: operation.operationId },
    element("summary", {},
      element("span", { className: "method", textContent: method.toUpperCase() }),
      element("code", { textContent: path }),
      element("span", { textContent: operation.summary })),
    about);
}

function show(words) {
  const found = openapi.tags.map(({ name }) => {
    const routes = Object.entries(openapi.paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([method, operation]) => operation.tags[0] === name
          && `${method} ${path} ${operation.summary}`.toLowerCase().includes(words.toLowerCase()))
        .map(([method, operation]) => described(path, method, operation)));
    return routes.length ? element("section", { id: name }, element("h2", { textContent: name }), ...routes) : "";
  });
  document.querySelector("#routes").replaceChildren(...found);
}

document.querySelector("#about").textContent = openapi.info.description.replaceAll("`", "");
document.querySelector("#subjects").append(
  ...openapi.tags.map(({ name }) => element("a", { href: `#${name}`, textContent: name })));
document.querySelector("#search").addEventListener("input", ({ target }) => show(target.value));
show("");
