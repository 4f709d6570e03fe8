// Whether one path lies in another, by the letters alone; whoever needs the file system's word asks it first. Of absolute paths with single slashes.

/** The folder itself, or below it. */
export function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}
