# Manual pages and completion, printed by the program itself, and installing all of it.

DESTDIR ?=
SHARED   = $(DESTDIR)$(PREFIX)/share

man: $(B)/man/sealwright.1 ## manual pages, into build/man

$(B)/man/sealwright.1: $(B)/sealwright
	@mkdir -p $(@D)
	@rm -f $(@D)/*
	$(B)/sealwright help --json | sed -n 's/^    "name": "\(.*\)",$$/\1/p' | while read -r name; do \
		$(B)/sealwright help --man $$name >"$(@D)/sealwright-$$(echo "$$name" | tr ' ' -).1" || exit 1; done
	$(B)/sealwright help --man >$@

install: all man ## install into PREFIX (/usr/local), beneath DESTDIR
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARED)/sealwright $(SHARED)/man/man1 $(SHARED)/doc/sealwright \
		$(SHARED)/bash-completion/completions $(SHARED)/zsh/site-functions $(SHARED)/fish/vendor_completions.d
	install -m 755 $(B)/sealwright $(DESTDIR)$(PREFIX)/bin/sealwright
	cp -R share/. $(SHARED)/sealwright/
	chmod -R u=rwX,go=rX $(SHARED)/sealwright
	install -m 644 $(B)/man/*.1 $(SHARED)/man/man1/
	install -m 644 LICENSE README.md $(SHARED)/doc/sealwright/
	$(B)/sealwright completion bash >$(SHARED)/bash-completion/completions/sealwright
	$(B)/sealwright completion zsh >$(SHARED)/zsh/site-functions/_sealwright
	$(B)/sealwright completion fish >$(SHARED)/fish/vendor_completions.d/sealwright.fish

uninstall: ## remove what install put there
	rm -rf $(SHARED)/sealwright $(SHARED)/doc/sealwright
	rm -f $(DESTDIR)$(PREFIX)/bin/sealwright $(SHARED)/man/man1/sealwright.1 $(SHARED)/man/man1/sealwright-*.1 \
		$(SHARED)/bash-completion/completions/sealwright $(SHARED)/zsh/site-functions/_sealwright \
		$(SHARED)/fish/vendor_completions.d/sealwright.fish
.PHONY: man install uninstall
