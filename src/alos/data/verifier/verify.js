// Checks an ALOS evidence file: in Node 20 or later, and in a browser, with no dependency and no
// network. It is written from docs/reference/evidence-file.md alone and shares no code with the
// program that made the file.
//
//   node verify.js evidence.json [key …]      exit 0: it holds, 1: it does not, 2: wrong use
//   node verify.js --vectors vectors.json     runs the published cases
'use strict'

const FORMAT = 'alos-evidence-v1'
const ROLES = ['opening', 'closing', 'later'] // by the kind in an entry
const FIELDS = {
  0: ['call_id', 'opened_at_unix_ns', 'key_id', 'workspace', 'workflow', 'tier', 'release',
    'ceiling_nanousd', 'vendors'],
  1: ['call_id', 'opened_at_unix_ns', 'closed_at_unix_ns', 'outcome', 'stage', 'reason', 'detail',
    'http_status', 'wire_format', 'streamed', 'key_id', 'workspace', 'workflow', 'tier', 'surface',
    'accountable', 'release', 'release_stage', 'approved_by', 'policy', 'rules', 'standing_epoch',
    'model_asked', 'model', 'vendor', 'upstream_model', 'attempts', 'route_reason',
    'prompt_version', 'prompt_evidence', 'request_hash', 'sent_hash', 'output_hash',
    'request_bytes', 'answer_bytes', 'findings', 'unscanned', 'unknown_fields', 'tools', 'usage',
    'cost_nanousd', 'cost_estimated', 'reserved_nanousd', 'price_source', 'overhead_us',
    'first_byte_ms', 'duration_ms', 'facts'],
  2: ['kind', 'at_unix_ns', 'facts'],
}
// Schema version by kind. Version 1 of an opening had no vendors, that of a closing no facts.
const NEWEST = { 0: 2, 1: 2, 2: 1 }

class Malformed extends Error {}

const utf8 = new TextEncoder()
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function need (condition, why) {
  if (!condition) throw new Malformed(why)
}

// --- bytes ---------------------------------------------------------------------------------

function concat (...parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

function same (one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at])
}

function toHex (bytes) {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}

function toBase64 (bytes) {
  return btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(''))
}

function fromBase64 (text) {
  need(typeof text === 'string', 'something that should be base64 is no text')
  let bytes
  try {
    bytes = Uint8Array.from(atob(text), sign => sign.charCodeAt(0))
  } catch {
    throw new Malformed('not base64')
  }
  need(toBase64(bytes) === text, 'base64 in another form than the standard one')
  return bytes
}

async function sha256 (...parts) {
  return new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', concat(...parts)))
}

// --- Merkle tree (RFC 9162, section 2.1.3.2) --------------------------------------------------

function hashLeaf (data) {
  return sha256(Uint8Array.of(0), data)
}

function hashNode (left, right) {
  return sha256(Uint8Array.of(1), left, right)
}

async function isIncluded (index, size, leaf, path, root) {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) return false
  let place = BigInt(index)
  let last = BigInt(size) - 1n
  let head = leaf
  for (const other of path) {
    if (last === 0n) return false
    if (place % 2n === 1n || place === last) {
      head = await hashNode(other, head)
      while (place !== 0n && place % 2n === 0n) {
        place /= 2n
        last /= 2n
      }
    } else {
      head = await hashNode(head, other)
    }
    place /= 2n
    last /= 2n
  }
  return last === 0n && same(head, root)
}

// --- MessagePack: what an entry is made of ----------------------------------------------------

function decodeMessagePack (bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  const take = count => {
    need(at + count <= bytes.length, 'an entry ends too early')
    at += count
    return at - count
  }
  const number = value => {
    const short = Number(value)
    return Number.isSafeInteger(short) ? short : value
  }
  const text = count => {
    const from = take(count)
    try {
      return strictUtf8.decode(bytes.subarray(from, at))
    } catch {
      throw new Malformed('a text in an entry is not UTF-8')
    }
  }
  const binary = count => bytes.slice(take(count), at)
  const list = count => Array.from({ length: count }, () => value())
  const map = count => {
    const out = {}
    for (let left = count; left > 0; left--) {
      const key = value()
      need(typeof key === 'string', 'a name in an entry is no text')
      Object.defineProperty(out, key, {
        value: value(), enumerable: true, configurable: true, writable: true,
      })
    }
    return out
  }
  const length = width => {
    const from = take(width)
    if (width === 1) return view.getUint8(from)
    return width === 2 ? view.getUint16(from) : view.getUint32(from)
  }
  const value = () => {
    const type = view.getUint8(take(1))
    if (type < 0x80) return type
    if (type < 0x90) return map(type & 15)
    if (type < 0xa0) return list(type & 15)
    if (type < 0xc0) return text(type & 31)
    if (type >= 0xe0) return type - 256
    switch (type) {
      case 0xc0: return null
      case 0xc2: return false
      case 0xc3: return true
      case 0xc4: return binary(length(1))
      case 0xc5: return binary(length(2))
      case 0xc6: return binary(length(4))
      case 0xcc: return length(1)
      case 0xcd: return length(2)
      case 0xce: return length(4)
      case 0xcf: return number(view.getBigUint64(take(8)))
      case 0xd0: return view.getInt8(take(1))
      case 0xd1: return view.getInt16(take(2))
      case 0xd2: return view.getInt32(take(4))
      case 0xd3: return number(view.getBigInt64(take(8)))
      case 0xd9: return text(length(1))
      case 0xda: return text(length(2))
      case 0xdb: return text(length(4))
      case 0xdc: return list(length(2))
      case 0xdd: return list(length(4))
      case 0xde: return map(length(2))
      case 0xdf: return map(length(4))
    }
    throw new Malformed('an entry holds a value of a kind that it can not have')
  }
  const found = value()
  need(at === bytes.length, 'an entry goes on after its end')
  return found
}

// The array's first item: one byte behind a header of one byte or, from 16 items on, three.
function getVersion (chained) {
  const at = chained[0] === 0xdc ? 3 : 1
  need(at < chained.length, 'an entry ends too early')
  return chained[at]
}

function decodeEntry (chained) {
  const row = decodeMessagePack(chained)
  need(Array.isArray(row) && row[0] === getVersion(chained) && row[0] >= 1 &&
    Number.isSafeInteger(row[1]) &&
    row[0] <= NEWEST[row[1]], 'an entry is of a schema version not known here')
  const isEarlier = row[0] < NEWEST[row[1]]
  const fields = isEarlier ? FIELDS[row[1]].slice(0, -1) : FIELDS[row[1]]
  need(fields !== undefined && row.length === fields.length + 5,
    'an entry has another number of fields')
  const commitments = row[row.length - 1]
  need(typeof row[2] === 'string' && Number.isSafeInteger(row[3]) && Array.isArray(commitments) &&
    commitments.every(one => Array.isArray(one) && one.length === 2 &&
      typeof one[0] === 'string' && one[1] instanceof Uint8Array), 'an entry has another shape')
  const values = Object.fromEntries(fields.map((name, at) => [name, row[4 + at]]))
  return { kind: row[1], writer: row[2], sequence: row[3], values, commitments }
}

// --- keys and notes (C2SP signed-note, tlog-checkpoint) ---------------------------------------

async function parseKey (text) {
  need(typeof text === 'string', 'a key is no text')
  const [name, hash, ...rest] = text.trim().split('+')
  need(rest.length > 0 && isName(name), 'a key reads name+hash+base64')
  const data = fromBase64(rest.join('+'))
  need(data.length === 33 && data[0] === 1, 'not an Ed25519 key')
  const full = await sha256(utf8.encode(`${name}\n`), data)
  need(toHex(full.subarray(0, 4)) === hash, "the key's hash does not belong to it")
  return { name, hash, raw: data.subarray(1), text: text.trim() }
}

function isName (name) {
  return name !== '' && !/[\s+]/u.test(name)
}

async function isSigned (key, text, signature) {
  if (signature.length !== 64) return false
  const { subtle } = globalThis.crypto
  const imported = await subtle.importKey('raw', key.raw, { name: 'Ed25519' }, false, ['verify'])
  return subtle.verify({ name: 'Ed25519' }, imported, signature, utf8.encode(text))
}

function splitNote (note) {
  const cut = note.lastIndexOf('\n\n')
  need(cut >= 0 && note.endsWith('\n') && note.length > cut + 2,
    'a note has a text, an empty line and signatures')
  const text = note.slice(0, cut + 1)
  need(!/[\u0000-\u0009\u000b-\u001f\ufffd]/u.test(text), "a note's text has no control characters")
  const signatures = note.slice(cut + 2, -1).split('\n').map(line => {
    const match = /^\u2014 ([^ ]+) (.+)$/u.exec(line)
    need(match !== null && isName(match[1]), 'not a signature line')
    const data = fromBase64(match[2])
    need(data.length > 4, 'a signature is too short')
    return { name: match[1], hash: toHex(data.subarray(0, 4)), signature: data.subarray(4) }
  })
  return { text, signatures }
}

function parseCheckpoint (text) {
  const [origin, size, root, ...extensions] = text.slice(0, -1).split('\n')
  need(root !== undefined && ![origin, size, root, ...extensions].includes(''),
    'a checkpoint has an origin, a size, a head, no empty line')
  need(/^(0|[1-9][0-9]{0,15})$/.test(size) && Number.isSafeInteger(Number(size)),
    "a checkpoint's size is a plain number")
  const head = fromBase64(root)
  need(head.length === 32, "a checkpoint's head has 32 bytes")
  let signedAt = null
  if (extensions.length > 0 && extensions[0].startsWith('alos.time ')) {
    const time = extensions[0].slice('alos.time '.length)
    need(/^(0|[1-9][0-9]{0,18})$/.test(time), "a checkpoint's time is a plain number")
    signedAt = BigInt(time)
  }
  return { origin, size: Number(size), root: head, signedAt }
}

// Keys that rest on the given ones by an unbroken chain of signatures.
async function getTrusted (roots, changes) {
  const trusted = [...roots]
  const has = key => trusted.some(one => one.text === key.text)
  for (let grew = true; grew;) {
    grew = false
    for (const { key, previous, signature } of changes) {
      if (!has(previous) || has(key) || key.name !== previous.name) continue
      const statement = `alos-ledger-key-v1\n${previous.text}\n${key.text}\n`
      if (!await isSigned(previous, statement, signature)) continue
      trusted.push(key)
      grew = true
    }
  }
  return trusted
}

// --- the evidence file ------------------------------------------------------------------------

function hasShape (value, shape, name) {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  const names = Object.keys(shape)
  need(isObject && Object.keys(value).length === names.length &&
    names.every(one => Object.hasOwn(value, one)),
  `${name} does not have exactly the fields ${names.join(', ')}`)
  for (const one of names) {
    const kind = Array.isArray(value[one]) ? 'list' : typeof value[one]
    need(kind === shape[one], `${one} of ${name} is of another kind`)
  }
}

async function checkHead (file, given, report) {
  const brought = await Promise.all(file.keys.map(parseKey))
  const changes = await Promise.all(file.key_changes.map(async change => {
    hasShape(change, { key: 'string', previous: 'string', signature: 'string' }, 'a key change')
    return {
      key: await parseKey(change.key),
      previous: await parseKey(change.previous),
      signature: fromBase64(change.signature),
    }
  }))
  const roots = given.length > 0 ? given : brought
  const trusted = await getTrusted(roots, changes)
  const { text, signatures } = splitNote(file.checkpoint)
  const head = parseCheckpoint(text)
  report.checkpoint = head
  report.isDev = head.origin.startsWith('alos-dev/')
  report.restsOnGiven = given.length > 0
  report.restsOn = roots.map(key => key.text)
  if (file.environment !== (report.isDev ? 'dev' : 'production')) {
    report.problems.push("the environment is not the one of the ledger's origin")
  }
  for (const { name, hash, signature } of signatures) {
    const key = trusted.find(one => one.name === name && one.hash === hash)
    if (key === undefined) continue
    if (!await isSigned(key, text, signature)) {
      report.problems.push(`the signature in the name of ${name} is not by its key`)
    } else if (key.name === head.origin) {
      report.signedBy.push(key.text)
    }
  }
  if (report.signedBy.length === 0) report.problems.push('no trusted key signed the checkpoint')
  return head
}

async function checkPersonal (values, commitments, name, report) {
  if (values.length === 0 && commitments.length > 0) {
    return commitments.map(([label]) => [label, null])
  }
  if (values.length !== commitments.length) {
    report.problems.push(`${name} has another number of personal values than its record`)
    return []
  }
  return Promise.all(commitments.map(async ([label, commitment], at) => {
    const secret = values[at]
    if (secret === null) return [label, null]
    hasShape(secret, { salt: 'string', value: 'string' }, 'a personal value')
    const found = await sha256(fromBase64(secret.salt), utf8.encode(secret.value))
    if (!same(found, commitment)) {
      report.problems.push(`${name}: the personal value ${label} does not match its commitment`)
    }
    return [label, secret.value]
  }))
}

async function checkEntry (entry, name, callId, head, report) {
  hasShape(entry, {
    role: 'string', leaf: 'number', chained: 'string', personal: 'list', path: 'list',
  }, name)
  const chained = fromBase64(entry.chained)
  const path = entry.path.map(fromBase64)
  const leaf = await hashLeaf(concat(Uint8Array.of(getVersion(chained)), chained))
  if (!await isIncluded(entry.leaf, head.size, leaf, path, head.root)) {
    report.problems.push(`${name} is not leaf ${entry.leaf} of the signed tree`)
  }
  let record
  try {
    record = decodeEntry(chained)
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    report.problems.push(`${name}: ${error.message}`)
    return
  }
  const personal = await checkPersonal(entry.personal, record.commitments, name, report)
  if (ROLES[record.kind] !== entry.role) report.problems.push(`${name} is no ${entry.role}`)
  const calls = record.kind === 2 ? record.values.facts.map(fact => fact[1])
    : [record.values.call_id]
  if (!calls.includes(callId)) report.problems.push(`${name} is of another call`)
  report.entries.push({ role: entry.role, leaf: entry.leaf, ...record, personal })
}

// Checks a decoded evidence file. `keys` are the ledger's keys as the reader knows them from
// elsewhere; without any the file's own count. Resolves to a report; `problems` empty: it holds.
async function verifyEvidence (file, keys = []) {
  const report = {
    callId: '', isDev: false, checkpoint: null, signedBy: [], restsOn: [], restsOnGiven: false,
    entries: [], problems: [],
  }
  try {
    const given = await Promise.all(keys.map(parseKey))
    hasShape(file, {
      format: 'string',
      environment: 'string',
      call_id: 'string',
      checkpoint: 'string',
      keys: 'list',
      key_changes: 'list',
      entries: 'list',
    }, 'the file')
    need(file.format === FORMAT, `the file's format is not ${FORMAT}`)
    report.callId = file.call_id
    const head = await checkHead(file, given, report)
    for (const [at, entry] of file.entries.entries()) {
      await checkEntry(entry, `entry ${at + 1}`, file.call_id, head, report)
    }
    const leaves = report.entries.map(entry => entry.leaf)
    if (new Set(leaves).size !== leaves.length) {
      report.problems.push('the file shows one leaf twice')
    }
    if (leaves.length === 0) report.problems.push('the file shows no entry')
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    report.problems.push(error.message)
  }
  return report
}

// The report in words, a line each.
function describe (report) {
  const lines = []
  if (report.isDev) lines.push('DEV: this ledger belongs to a dev folder; it is no evidence of production.')
  for (const problem of report.problems) lines.push(`WRONG  ${problem}`)
  for (const entry of report.entries) {
    lines.push('', `${entry.role}: leaf ${entry.leaf}, record ${entry.sequence} of ${entry.writer}`)
    for (const [name, value] of entry.personal) lines.push(`  ${name}: ${value ?? '(erased)'}`)
    for (const [name, value] of Object.entries(entry.values)) {
      const isEmpty = value === null || value === '' || (Array.isArray(value) && value.length === 0)
      if (!isEmpty) lines.push(`  ${name}: ${show(value)}`)
    }
  }
  const head = report.checkpoint
  if (head !== null) {
    const time = head.signedAt === null ? 'at an unknown time'
      : new Date(Number(head.signedAt / 1000000n)).toISOString()
    lines.push('', `Signed head: ${head.size} leaves of ${head.origin}, ${time}`)
  }
  if (report.problems.length > 0) {
    lines.push('', 'The evidence does NOT hold.')
  } else {
    lines.push('', report.restsOnGiven ? 'The evidence holds. It rests on the key you gave:'
      : 'The evidence holds, but only on a key that the file itself brought along:',
    ...report.restsOn.map(key => `  ${key}`))
  }
  return lines
}

function show (value) {
  if (typeof value === 'string') return value
  return JSON.stringify(value, (_, one) => typeof one === 'bigint' ? one.toString() : one)
}

// --- published cases: trees and evidence files ------------------------------------------------

async function runVectors (vectors) {
  const failed = []
  let count = 0
  for (const one of vectors.cases ?? []) {
    const report = await verifyEvidence(one.file, one.keys)
    count += 1
    if ((report.problems.length === 0) !== one.holds) failed.push(one.name)
  }
  const fromHex = hex => Uint8Array.from(hex.match(/../g) ?? [], pair => parseInt(pair, 16))
  for (const one of vectors.inclusion ?? []) {
    const leaf = await hashLeaf(fromHex(vectors.leaves[one.index]))
    const root = fromHex(vectors.roots[one.size])
    const path = one.path.map(fromHex)
    count += 2
    const name = `leaf ${one.index} of ${one.size}`
    if (!await isIncluded(one.index, one.size, leaf, path, root)) failed.push(name)
    const other = leaf.map((byte, at) => at === 0 ? byte ^ 1 : byte)
    if (await isIncluded(one.index, one.size, other, path, root)) failed.push(`${name}, changed`)
  }
  return { count, failed }
}

const api = { verifyEvidence, describe, runVectors }

// --- Node: a command; browser: a global -------------------------------------------------------

async function main (fs, words) {
  const read = path => JSON.parse(fs.readFileSync(path, 'utf8'))
  if (words[0] === '--vectors' && words.length > 1) {
    const results = await Promise.all(words.slice(1).map(path => runVectors(read(path))))
    for (const { count, failed } of results) {
      console.log(`${count - failed.length} of ${count} cases come out as published`)
      for (const name of failed) console.log(`WRONG  ${name}`)
    }
    return results.some(({ count, failed }) => count === 0 || failed.length > 0) ? 1 : 0
  }
  if (words.length === 0 || words[0].startsWith('-')) {
    console.error('usage: node verify.js evidence.json [key …]')
    return 2
  }
  let file
  try {
    file = read(words[0])
  } catch (error) {
    console.error(`${words[0]} can't be read as JSON: ${error.message}`)
    return 2
  }
  const report = await verifyEvidence(file, words.slice(1))
  console.log(describe(report).join('\n'))
  return report.problems.length === 0 ? 0 : 1
}

if (typeof module !== 'undefined' && typeof require === 'function') {
  module.exports = api
  if (require.main === module) {
    globalThis.crypto ??= require('node:crypto').webcrypto
    main(require('node:fs'), process.argv.slice(2)).then(code => { process.exitCode = code })
  }
} else {
  globalThis.alosVerifier = api
}
