// A test suite of a user's, as far as Testcontainers goes: a container with a port, a file, a bound folder; told what it saw, then it waits to be killed.
import { GenericContainer, Network, Wait } from 'testcontainers';

const [image, folder, port] = process.argv.slice(2);
const network = await new Network().start();
const container = await new GenericContainer(image)
  .withNetwork(network)
  .withNetworkAliases('web')
  .withExposedPorts({ container: 80, host: Number(port) })
  .withCommand(['httpd', '-f', '-v', '-p', '80', '-h', '/www'])
  .withCopyContentToContainer([{ content: 'copied\n', target: '/www/copied' }])
  .withBindMounts([{ source: folder, target: '/bound', mode: 'ro' }])
  .withWaitStrategy(Wait.forHttp('/', 80))
  .start();
const page = await fetch(`http://${container.getHost()}:${container.getMappedPort(80)}/copied`);
const { output, exitCode } = await container.exec(['cat', '/bound/words']);
console.log(JSON.stringify({ id: container.getId(), host: container.getHost(), page: await page.text(), output, exitCode }));
setInterval(() => undefined, 1000);
