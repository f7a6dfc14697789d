#!/usr/bin/env python3
"""Starts llama.cpp's HTTP server from the package xllamacpp; the keeper (src/model/keeper.c) calls it.

It ends when its standard input does, so that a keeper that was killed leaves no server behind. Everything the server
offers beyond completions (web pages, slot listing, tools, cross-origin answers) is off.

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import os
import sys

import xllamacpp


def main():
    p = argparse.ArgumentParser()
    for name in ("model", "alias", "key-file"):
        p.add_argument("--" + name, required=True)
    for name in ("port", "context", "threads", "parallel"):
        p.add_argument("--" + name, required=True, type=int)
    o = p.parse_args()

    with open(o.key_file, encoding="ascii") as f:
        key = f.read().strip()
    if not key:
        sys.exit("empty key")
    q = xllamacpp.CommonParams()
    q.model.path = o.model
    q.model_alias = {o.alias}
    q.hostnames = ["127.0.0.1"]
    q.port = o.port
    q.api_keys = [key]
    q.n_ctx = o.context
    q.n_parallel = o.parallel
    q.kv_unified = True  # slots share the context: one long transcript or several short ones
    q.cpuparams.n_threads = q.cpuparams_batch.n_threads = o.threads
    q.cache_prompt = True
    q.cache_ram_mib = 1024
    q.ui = q.endpoint_slots = q.endpoint_props = q.endpoint_metrics = False
    q.cors_origins = ""
    server = xllamacpp.Server(q)
    print("listening", server.listening_address, file=sys.stderr, flush=True)
    while os.read(0, 4096):
        pass
    os._exit(0)


main()
