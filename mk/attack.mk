# The attack suite: its runner is a unit test, its classes stand in tests/sandbox.

ATTACK := $(sort $(wildcard tests/sandbox/*.c))

$(B)/unit/sandbox_attack.t: $(B)/tests/unit/sandbox_attack.o $(ATTACK:%.c=$(B)/%.o) $(B)/core.a
	@mkdir -p $(@D)
	$(CC) $(LDALL) -o $@ $(filter %.o,$^) $(B)/core.a $(LIBS)

show-attacks: $(B)/unit/sandbox_attack.t ## every attempt to get out or to do harm, in every kind of sandbox, as root and as a user
	$(B)/unit/sandbox_attack.t --all
.PHONY: show-attacks
-include $(ATTACK:%.c=$(B)/%.d)
