// Writes a .br and a .gz beside each file that is named, as small as can be.
import { readFileSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

for (const file of process.argv.slice(2)) {
  const plain = readFileSync(file);
  const brotli = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  writeFileSync(`${file}.br`, brotliCompressSync(plain, { params: { ...brotli, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length } }));
  writeFileSync(`${file}.gz`, gzipSync(plain, { level: 9 }));
}
