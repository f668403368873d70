/**
 * Imported before what needs memory: keeps the part of V8's heap that new objects go to at its first size, a megabyte. It would grow to sixteen at
 * the start, when the most is allocated, and keep them for the years that follow: with 100 namespaces of 100 rules the agent took up to
 * 82 MiB, and takes 72.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--semi-space-growth-factor=1');
