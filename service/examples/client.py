#!/usr/bin/env python3
"""A client of npswatch with nothing but Python's standard library: to be used as it is, or as a beginning of your own.

  export NPSWATCH_URL=https://npswatch.example NPSWATCH_TOKEN=nps_...
  client.py send gcms.msp ftir.jdx country=DE date=2026-11-23   send one sample, print its verdict
  client.py list [novel]                                        own samples, all pages
  client.py file ID N OUT                                       download file N of a sample, check its digest
  client.py notices                                             what the organisation is told, and mark it as read

NPSWATCH_CA names a file with the certificate of the service's authority, where that is one of your own.
"""
import hashlib
import json
import os
import re
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

TRIES = 5


class Problem(Exception):
    """An answer of application/problem+json (RFC 9457). `code` is for programs, the text for people."""

    def __init__(self, status, body):
        try:
            p = json.loads(body)
        except ValueError:
            p = {}
        if not isinstance(p, dict):
            p = {}
        self.status, self.code, self.request_id = status, p.get("code", "unknown"), p.get("request_id", "")
        text = f"{status} {self.code}: {p.get('detail', 'no reason was given')}"
        if "line" in p:
            text += f" (line {p['line']}, byte {p.get('offset', 0)})"
        for one in p.get("problems", []):
            text += f"\n  {one['file'] or 'file'}: {one['detail']}"
        if self.request_id:
            text += f"\n  request {self.request_id}"
        super().__init__(text)


class Client:
    def __init__(self, url, token, ca=None):
        self.url, self.token = url.rstrip("/"), token
        context = ssl.create_default_context(cafile=ca) if url.startswith("https:") else None
        handlers = [urllib.request.HTTPSHandler(context=context)] if context else []
        self.opener = urllib.request.build_opener(*handlers)

    def ask(self, method, path, body=None, headers=None, repeatable=None):
        """Bytes and headers of the answer. A request that is safe to repeat is repeated when the service is busy or away:
        after as many seconds as it asks for, else after 1, 2, 4 ..."""
        repeatable = method == "GET" if repeatable is None else repeatable
        url = urllib.parse.urljoin(self.url + "/", path)
        if not url.startswith(self.url + "/"):
            raise ValueError(f"'{path}' leads to another service: the token is not sent there")
        for attempt in range(TRIES):
            request = urllib.request.Request(url, data=body, method=method, headers=dict(headers or {}))
            request.add_header("Authorization", "Bearer " + self.token)
            wait = 2 ** attempt
            try:
                with self.opener.open(request, timeout=120) as answer:
                    return answer.read(), answer.headers
            except urllib.error.HTTPError as e:
                problem = Problem(e.code, e.read())
                if not repeatable or e.code not in (429, 500, 502, 503, 504) or attempt == TRIES - 1:
                    raise problem from None
                after = e.headers.get("Retry-After", "")
                wait = int(after) if after.isdigit() else wait
            except (OSError, urllib.error.URLError):
                if not repeatable or attempt == TRIES - 1:
                    raise
            time.sleep(min(wait, 60))

    def get(self, path):
        return json.loads(self.ask("GET", path)[0])

    def pages(self, path):
        """All pages: the Link header of one names the next."""
        while path:
            body, headers = self.ask("GET", path)
            yield json.loads(body)
            link = re.search(r'<([^>]*)>; *rel="next"', headers.get("Link", ""))
            path = link.group(1) if link else None

    def send(self, files, facts, key=None):
        """Sends one sample. However often it has to be repeated, it is stored once: the key says that it is the same."""
        boundary, parts = uuid.uuid4().hex, []
        for name, value in facts.items():
            parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
        for path in files:
            name = os.path.basename(path).replace("\\", "_").replace('"', "_")
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
            with open(path, "rb") as f:
                parts.append(head.encode() + f.read() + b"\r\n")
        parts.append(f"--{boundary}--\r\n".encode())
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Idempotency-Key": key or uuid.uuid4().hex}
        return json.loads(self.ask("POST", "/v1/samples", b"".join(parts), headers, repeatable=True)[0])

    def file(self, sample, n):
        """A file as it was sent. What comes back is compared with the digest in the sample."""
        data, _ = self.ask("GET", f"/v1/samples/{sample}/files/{n}")
        if hashlib.blake2b(data, digest_size=32).hexdigest() != self.get(f"/v1/samples/{sample}")["files"][n]["blake2b"]:
            raise ValueError(f"file {n} of {sample} is not what was sent")
        return data

    def notices(self):
        """Notices that nobody has read yet."""
        for page in self.pages("/v1/notices"):
            yield from (n for n in page["notices"] if not n["read"])

    def mark_read(self, notice):
        self.ask("POST", f"/v1/notices/{notice['id']}/read", repeatable=True)


def show(sample):
    v = sample["verdict"]
    print(f"{sample['id']}  {v['headline']}\n{v['statement']}")
    for m in v["set"]:
        print(f"  {m['name']}  p {m['p']:.2f}  {m['inchikey']}  {m.get('control_text', '')}")
    if sample["case"]:
        print(f"  case {sample['case']}")


def run(c, verb, words):
    if verb == "send" and words:
        facts = dict(w.split("=", 1) for w in words if "=" in w and not os.path.exists(w))
        show(c.send([w for w in words if os.path.exists(w) or "=" not in w], facts))
    elif verb == "list" and len(words) <= 1:
        query = "?" + urllib.parse.urlencode({"limit": 200, **({"outcome": words[0]} if words else {})})
        for page in c.pages("/v1/samples" + query):
            for s in page["samples"]:
                print(s["id"], s["received"], s["outcome"], s["reference"] or "")
    elif verb == "file" and len(words) == 3 and words[1].isdigit():
        data = c.file(words[0], int(words[1]))
        with open(words[2], "wb") as f:
            f.write(data)
    elif verb == "notices" and not words:
        for n in list(c.notices()):
            d = n["data"]
            print(f"{n['created']} {n['kind']} {n['subject']}: {d['before']} -> {d['after']}")
            c.mark_read(n)
    else:
        return 2
    return 0


def main(argv):
    url, token = os.environ.get("NPSWATCH_URL"), os.environ.get("NPSWATCH_TOKEN")
    if not url or not token or len(argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        status = run(Client(url, token, os.environ.get("NPSWATCH_CA")), argv[1], argv[2:])
    except (Problem, OSError, ValueError, IndexError) as e:
        print(f"client.py: {e}", file=sys.stderr)
        return 1
    if status:
        print(__doc__, file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv))
