# `make show-egress`: what leaves a sandbox, attacked and used; see tests/egress.

$(B)/egress/inside: $(B)/tests/egress/inside.o $(B)/core.a
	@mkdir -p $(@D)
	$(CC) $(LDALL) -o $@ $< $(B)/core.a $(LIBS)

show-egress: $(B)/egress/inside ## hostile names, DNS, HTTP, TLS against egress; six package clients through the gateway
	python3 tests/egress/attack.py $(B)/egress/inside
	tests/egress/registries.sh $(B)/egress/inside
.PHONY: show-egress
-include $(B)/tests/egress/inside.d
