# Rule patterns of blueprints are PCRE2 (src/blueprint/bind.c).
LIBS += -lpcre2-8
