import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** The package.json of a package. */
export function manifestOf(packageDir: string): Manifest {
  return JSON.parse(readFileSync(join(packageDir, "package.json"), "utf8"));
}

/** What a package needs to run, of our own packages, without the scope. */
export function ownDependencies(packageDir: string): readonly string[] {
  return Object.keys(manifestOf(packageDir).dependencies ?? {}).flatMap((name) =>
    name.startsWith("@presence/") ? [name.slice("@presence/".length)] : [],
  );
}

/**
 * Imports in what a package ships (no tests, no fixtures) of things it does not declare as dependencies: `file: specifier`.
 * A relative import that leaves the package is one too.
 */
export function strayImports(packageDir: string): readonly string[] {
  const { name: self, dependencies = {} } = manifestOf(packageDir);
  return shippedFiles(packageDir).flatMap((file) =>
    specifiersIn(readFileSync(join(packageDir, file), "utf8"))
      .filter((specifier) => {
        if (specifier.startsWith(".")) return join(dirname(file), specifier).startsWith("..");
        if (specifier.startsWith("node:")) return false;
        const name = specifier
          .split("/")
          .slice(0, specifier.startsWith("@") ? 2 : 1)
          .join("/");
        return name !== self && !Object.hasOwn(dependencies, name);
      })
      .map((specifier) => `${file}: ${specifier}`),
  );
}

function shippedFiles(packageDir: string): readonly string[] {
  const src = existsSync(join(packageDir, "src"));
  return readdirSync(src ? join(packageDir, "src") : packageDir, { recursive: src })
    .map((file) => (src ? join("src", String(file)) : String(file)))
    .filter((file) => file.endsWith(".ts") && !/\.(test|fixture|config)\.ts$/.test(file));
}

/** Static and dynamic imports, and exports from; those inside comments are no harm. */
function specifiersIn(source: string): readonly string[] {
  const code = source.replaceAll(/^\s*(\/\/|\*|\/\*\*).*$/gm, "");
  return [...code.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)"([^"\s]+)"/g)].flatMap(([, specifier]) => specifier ?? []);
}
