#!/bin/sh
cat about.txt
