# Hostile guests beside a peaceful one: see tests/hostile/run.py.

##? BYTES=10000000       random bytes that `make test-hostile` executes in each ring
##? SEED=1               its first seed
BYTES := 10000000
SEED  := 1

.PHONY: test-hostile
test-hostile: $(UMBRA_ELF) $(DEMO) $(HOSTILE) ## run hostile guests beside the demo guest
	@tests/hostile/run.py --build $(BUILD) --bytes $(BYTES) --seed $(SEED)

test boot-test: $(HOSTILE)
