// npm's certified oidc-provider: two clients, everybody's word is believed. node FILE PORT ISSUER
import { Provider } from 'oidc-provider';
import { createServer } from 'node:http';
import { generateKeyPairSync, randomUUID } from 'node:crypto';

const [port, issuer] = process.argv.slice(2);
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwk = { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
const client = (client_id) => ({
  client_id,
  client_secret: 'shh',
  redirect_uris: ['http://127.0.0.1:8080/api/v1/login/callback'],
});
const provider = new Provider(issuer, {
  clients: [client('alos-client'), client('other-client')],
  jwks: { keys: [jwk] },
  cookies: { keys: ['only for tests'] },
  claims: { email: ['email', 'email_verified'], profile: ['name'] },
  pkce: { required: () => true },
  ttl: { IdToken: 300 },
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({ sub, email: sub, email_verified: true }),
  }),
});
createServer(provider.callback()).listen(Number(port), '127.0.0.1', () => console.log('ready'));
