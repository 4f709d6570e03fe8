"""docker-py as scripts use it; prints what it saw as JSON."""
import io
import json
import sys
import tarfile

import docker

image, folder = sys.argv[1:]
client = docker.from_env()
seen = {"ping": client.ping(), "version": client.version()["ApiVersion"]}
seen["run"] = client.containers.run(image, ["sh", "-c", "cat /bound/words; echo $NAME"], environment={"NAME": "py"},
                                    volumes={folder: {"bind": "/bound", "mode": "ro"}}, remove=True).decode()
box = client.containers.run(image, ["sh", "-c", "for i in 1 2 3; do echo line $i; done; sleep 1000"], detach=True, name="clients-py")
try:
    seen["exec"] = box.exec_run(["sh", "-c", "echo out; echo err >&2; exit 4"], demux=True)[:2][0]
    seen["demux"] = [part.decode() for part in box.exec_run(["sh", "-c", "echo out; echo err >&2"], demux=True).output]
    lines = box.logs(stream=True, follow=True)
    seen["logs"] = [next(lines).decode() for _ in range(3)]
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        entry = tarfile.TarInfo("put")
        entry.size = 4
        tar.addfile(entry, io.BytesIO(b"kept"))
    box.put_archive("/data", data.getvalue())
    chunks, stat = box.get_archive("/data/put")
    seen["archive"] = [stat["size"], tarfile.open(fileobj=io.BytesIO(b"".join(chunks))).extractfile("put").read().decode()]
    sock = box.attach_socket(params={"stdin": 1, "stream": 1, "stdout": 1})
    sock.close()
    seen["stats"] = "memory_stats" in box.stats(stream=False)
    built, _ = client.images.build(fileobj=io.BytesIO(f"FROM {image}\nCMD [\"true\"]\n".encode()), tag="clients-py:built", rm=True)
    seen["built"] = built.tags
    client.images.remove("clients-py:built")
finally:
    box.remove(force=True)
print(json.dumps(seen))
