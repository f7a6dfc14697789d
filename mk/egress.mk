# `make show-egress`: what leaves a sandbox, attacked and used; see tests/egress.
$(B)/egress/inside: $(B)/tests/egress/inside.o $(B)/core.a
	@mkdir -p $(@D)
	$(CC) $(LDALL) -o $@ $< $(B)/core.a $(LIBS)
