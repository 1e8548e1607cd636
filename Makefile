# Everything a newcomer needs: `make demo`, `make test`. The rest serves those who change the house.
UV := .tools/bin/uv
RUN := $(UV) run --frozen
CARGO := cargo
TWIN := --quiet --offline --manifest-path twin/Cargo.toml

# A venue is many processes, each of which would read its sources anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo test soak drills lint bench sanitize clean

setup: .tools/ready

.tools/ready: pyproject.toml uv.lock
	@test -x $(UV) || (python3 -m venv .tools && .tools/bin/pip install -q --disable-pip-version-check uv==0.13.8)
	@$(UV) sync --frozen --quiet
	@touch .tools/ready

demo: setup
	@$(RUN) evermarket demo

test: setup
	@$(CARGO) test --profile tested $(TWIN)
	@$(RUN) pytest -n 2 --dist worksteal

soak: setup
	@cd tests/failures && PYTHONPATH=../.. ../../$(RUN) python -m simulation.soak

drills: setup
	@mkdir -p out
	@$(RUN) python -m tests.systems.drills.many 0 200 out/drills.csv

lint: setup
	@$(RUN) ruff check
	@$(RUN) ruff format --check
	@$(RUN) mypy
	@$(CARGO) fmt --check --manifest-path twin/Cargo.toml
	@$(CARGO) clippy $(TWIN) --all-targets -- -D warnings
	@$(RUN) pytest tests/tidy

bench: setup
	@$(RUN) python -m bench

# Address and thread sanitizer over the twin's modules with unsafe code; they need Rust's nightly toolchain.
SANITIZED := $(CARGO) +nightly test $(TWIN) --target x86_64-unknown-linux-gnu --target-dir twin/target/sanitize --lib

sanitize:
	@$(CARGO) +nightly --version >/dev/null 2>&1 || \
	(echo "make sanitize needs the nightly toolchain: rustup toolchain install nightly" && false)
	RUSTFLAGS="-Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer" \
	$(SANITIZED) -- --test-threads=1 store:: pipeline:: journal::
	RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer" TSAN_OPTIONS=suppressions=$(CURDIR)/twin/tsan.supp \
	$(SANITIZED) -- --test-threads=1 pipeline:: journal::

clean:
	rm -rf .venv .tools .cache out twin/target
