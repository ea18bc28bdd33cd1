# The commands of the project. `make` alone lists them.
#
# Variables:
#   PYTHON=python3.13         the interpreter that makes the environment (3.11 or newer)
#   LOCK=requirements/lowest.txt   another set of versions
#   VENV=.venv                where the environment is
#   ARGS=…                    arguments passed on to pytest or to uv
#   ONLY=eq-kl-def            the one equation that `make equations` checks
#   RELEASE=0.2.0             the version that `make ids` closes
#   PORT=8000                 the port of `make serve`
#   WORKERS=4                 processes of the whole `make test`; each needs up to 2 GB
#   CHROMIUM=/opt/chromium    the browser of the tests; else one on the PATH
#   BOOK_SITE=_build/site     a built book that the browser tests look at, whatever its age

PYTHON ?= python3
VENV ?= .venv
LOCK ?= requirements/lock.txt
PORT ?= 8000
WORKERS ?= 2
ARGS ?=
ONLY ?=
RELEASE ?=

PY := $(VENV)/bin/python
BENCH := .venv-bench
AUDIT := .venv-audit
LEDGERS := book/articles/claims.toml book/errors-in-print.toml
INSTALL := -m pip --disable-pip-version-check install --quiet
SPHINX := $(PY) -m sphinx -E -W --keep-going -n -j auto -c . -d _build/doctrees
# The tests of a file share what they make, so one process runs them; the long ones come first.
PARALLEL := --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
# All builds keep outputs of cells and evidence in one place, so they take turns.
ALONE := $(PY) book/_ext/build_book.py --alone
RUNTIME := _build/pyodide
# Other formats have the date of the last commit, or of the epoch where there is no history.
DATED = SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || echo 0)}
NAME := divergences-derived
TEX := texlive-xetex texlive-latex-extra texlive-fonts-recommended texlive-plain-generic latexmk \
	lmodern tex-gyre fonts-dejavu-core fonts-freefont-otf fonts-wqy-microhei librsvg2-bin
FORMATS := _build/epub/$(NAME).epub _build/latex/$(NAME).pdf
EPUBCHECK ?= java -jar /usr/share/java/epubcheck.jar
COMPILE := $(VENV)/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--fork-strategy fewest --generate-hashes --custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help env book serve notebooks epub pdf needs site dist linkcheck test lint types \
	equations ids bench errors audit lock clean runtime fuzz guided repeat pins faults mutants \
	browser measure arrays

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The environment is made anew when the lock, the interpreter or this folder changed, and the
# package is installed anew when pyproject.toml changed. Otherwise both are reused.
env: ## Set up the environment (every target does it when it is needed)
	@$(PYTHON) -c 'import sys; v = sys.version_info; \
		v >= (3, 11) or sys.exit("Python 3.11 or newer is needed, and $(PYTHON) is %d.%d. " \
		"Name another one: make PYTHON=python3.12" % v[:2])'
	@new="$$(cksum < $(LOCK)) $$($(PYTHON) -V) $(CURDIR)"; \
	old="$$(cat $(VENV)/.lock-stamp 2>/dev/null)"; \
	if [ "$$new" != "$$old" ]; then \
		echo "Installing $(LOCK) into $(VENV); this takes a minute or two."; \
		rm -f $(VENV)/.lock-stamp $(VENV)/.project-stamp && \
		$(PYTHON) -m venv $${old:+--clear} $(VENV) && \
		$(PY) -m pip --disable-pip-version-check install --quiet --require-hashes -r $(LOCK) && \
		echo "$$new" > $(VENV)/.lock-stamp; \
	fi
	@new="$$(cksum < pyproject.toml)"; \
	if [ "$$new" != "$$(cat $(VENV)/.project-stamp 2>/dev/null)" ]; then \
		$(PY) -m pip --disable-pip-version-check install --quiet --no-build-isolation --no-deps -e . && \
		echo "$$new" > $(VENV)/.project-stamp; \
	fi

# The wheel carries the files of Pyodide that book/_ext/running/runtime.py takes out of it.
runtime: env ## Fetch Python for browsers, so that the book gets its Run buttons (needs the network)
	@export PYTHONPATH=book/_ext; \
	if [ -d $(RUNTIME) ] && $(PY) -m running $(RUNTIME); then exit; fi; \
	rm -rf $(RUNTIME) && \
	$(PY) -m pip --disable-pip-version-check download --quiet --no-deps --require-hashes \
		--requirement requirements/runtime.txt --dest $(RUNTIME).new && \
	$(PY) -m running $(RUNTIME) $(RUNTIME).new/*.whl && rm -rf $(RUNTIME).new

# It goes into an empty folder first; a build that fails leaves the book that is there.
book: env ## Build the book into _build/html; a warning is an error
	@$(PY) book/_ext/build_book.py $(SPHINX) -b html book

serve: env ## Show _build/html at http://127.0.0.1:8000/ (PORT=8000)
	@test -f _build/html/index.html || { echo "There is no book yet: make book"; exit 1; }
	$(PY) -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

# A notebook is written with its page; what is left to do is to see that it runs.
notebooks: book ## Run the notebooks in _build/html/notebooks: they must print what the book prints
	PYTHONPATH=book/_ext $(PY) -m formats notebooks _build/html/notebooks

epub: env ## Build the book as an EPUB in _build/epub, and check it with epubcheck
	@$(EPUBCHECK) --version 2>&1 | grep -q "EPUBCheck v" || { echo "epubcheck is needed, and does not run as" \
		"\`$(EPUBCHECK)\`. On Debian and Ubuntu: apt-get install \$$(make needs)." \
		"Elsewhere: make epub EPUBCHECK=…, with the command that runs it."; exit 1; }
	$(ALONE) sh -ec 'rm -rf _build/epub; \
		$(DATED) $(SPHINX) -b epub book _build/epub; \
		$(EPUBCHECK) --failonwarnings _build/epub/$(NAME).epub; \
		PYTHONPATH=book/_ext $(PY) -m formats epub _build/epub/$(NAME).epub'

# xelatex runs until all numbers stand; a figure without a picture is no error to it.
pdf: env ## Build the book as a PDF in _build/latex, and check its log
	@for program in latexmk xelatex rsvg-convert; do \
		command -v $$program >/dev/null || missing="$$missing $$program"; done; \
	if [ -n "$$missing" ]; then echo "Not found:$$missing. On Debian and Ubuntu:" \
		"apt-get install --no-install-recommends \$$(make needs)"; exit 1; fi
	$(ALONE) sh -ec 'rm -rf _build/latex; \
		$(DATED) $(SPHINX) -b latex book _build/latex; \
		(cd _build/latex && $(DATED) latexmk -xelatex -interaction=nonstopmode -halt-on-error \
			$(NAME).tex >latexmk.out 2>&1 || { tail -30 latexmk.out; exit 1; }); \
		PYTHONPATH=book/_ext $(PY) -m formats pdf _build/latex/$(NAME).pdf'

needs: ## List the packages of Debian and Ubuntu that `make epub pdf` needs
	@echo epubcheck default-jre-headless $(TEX)

# The archives of the releases are downloaded by .github/workflows/book.yml.
site: book ## Put the book and the releases in _build/releases together into _build/site
	PYTHONPATH=book/_ext $(PY) -m citing.versions site _build/html _build/releases _build/site
	@for file in $(FORMATS); do if [ -f $$file ]; then cp $$file _build/site; \
		else echo "The site lacks $$(basename $$file): make epub pdf site"; fi; done

dist: book epub pdf ## Build a release into dist: the package, PDF and EPUB, the archive of the site
	rm -rf dist _build/packed
	$(PY) -m hatchling build -d dist/package
	cp -r _build/html _build/packed
	cp $(FORMATS) _build/packed
	PYTHONPATH=book/_ext $(PY) -m citing.versions pack _build/packed \
		"$$($(PY) -c 'from importlib import metadata; print(metadata.version("refimpl"))')" dist/site
	cp $(FORMATS) dist/site

linkcheck: env ## Follow every outside link of the book (needs the network)
	$(ALONE) $(SPHINX) -b linkcheck book _build/linkcheck

# Debian's Chromium, for the tests in tests/browser, if there is none yet.
browser: env ## Get a browser for the tests (with apt; elsewhere it says what to do)
	@$(PY) -m tests.browser.chromium || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
				--no-install-recommends chromium; \
		fi && $(PY) -m tests.browser.chromium; }

test: env ## Run every test, with coverage (ARGS=tests/test_kl.py: those alone, without)
	$(PY) -m pytest $(if $(ARGS),$(ARGS),--cov $(PARALLEL))
	@$(if $(ARGS),true,report="$$($(PY) -m coverage report --include='book/_ext/equations/*' \
		--fail-under=95)" || { echo "$$report"; exit 1; })

fuzz: env ## Try new odd input, odd pages and random laws (EXAMPLES=1000 for each)
	EXAMPLES=$(or $(EXAMPLES),300) HYPOTHESIS_PROFILE=new $(PY) -m pytest --no-cov $$(grep -l "^@given" tests/test_*.py)

# Atheris is not in the lock, because it is for some systems only.
guided: env ## Let coverage choose the odd input (on Linux, Python 3.11 to 3.13; SECONDS=600)
	$(PY) $(INSTALL) --require-hashes -r requirements/guided.txt
	for target in latex page functions; do PYTHONPATH=book/_ext $(PY) -m tests.guided $$target \
		-max_total_time=$(or $(SECONDS),60) || exit 1; done

lint: env ## Check style, docstrings, imports, workflow files
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m numpydoc lint src/refimpl/*.py
	$(VENV)/bin/lint-imports --no-cache
	PYTHONPATH=book/_ext $(PY) -m results ids
	$(PY) -m check_jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(PY) -m check_jsonschema --builtin-schema custom.github-workflows-require-timeout .github/workflows/*.yml
	$(PY) -m check_jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(PY) -m check_jsonschema --builtin-schema vendor.citation-file-format CITATION.cff
	$(PY) -m check_jsonschema --schemafile book/_ext/claims/ledger.schema.json $(LEDGERS)
	$(VENV)/bin/zizmor --offline --no-progress --pedantic .github

types: env ## Check types with mypy --strict
	$(PY) -m mypy

equations: env ## Evaluate every equation from its LaTeX (ONLY=eq-kl-def: that one)
	PYTHONPATH=book/_ext $(PY) -m equations check book $(if $(ONLY),--only $(ONLY))

repeat: env ## Build the whole book repeatedly, and compare (ARGS=twice, edits or faults: that)
	$(PY) -m tests.whole_builds $(ARGS)

# A retired identifier is written into the file by hand; CONTRIBUTING.md says how.
ids: env ## Add new identifiers to book/ids.txt, and check it (RELEASE=0.2.0: close a release)
	PYTHONPATH=book/_ext $(PY) -m results ids --add $(if $(RELEASE),--release $(RELEASE))

# To be read before it is committed: it says what changed that nothing computes.
pins: env ## Write anew what only a reader can check, tests/book_pins.txt
	PYTHONPATH=book/_ext $(PY) -m tests.pins

faults: env ## Plant 100 faults in a copy of the book, and see which are caught (ARGS="--seed 2")
	PYTHONPATH=book/_ext $(PY) -m tests.plant_faults $(ARGS)

# The peers are in an environment of their own. One that cannot be installed is left out.
$(BENCH)/.stamp: requirements/bench.txt requirements/bench-torch.txt pyproject.toml
	$(PYTHON) -m venv --clear $(BENCH)
	$(BENCH)/bin/python $(INSTALL) --require-hashes -r requirements/bench.txt
	$(BENCH)/bin/python $(INSTALL) --require-hashes --no-deps -r requirements/bench-torch.txt \
		|| echo "torch cannot be installed here; it is left out."
	$(BENCH)/bin/python $(INSTALL) --no-build-isolation --no-deps -e .
	touch $@

bench: $(BENCH)/.stamp ## Time refimpl against its peers (ARGS=entropy: only this, without a page)
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 \
		$(BENCH)/bin/python tests/bench.py $(ARGS)

# MathJax comes from npm; everything else is here.
measure: book ## Compare the longest chapter with a stock build of it on a slow phone (needs npm)
	PYTHONPATH=book/_ext $(PY) -m tests.browser.measure

errors: $(BENCH)/.stamp ## See that the peers still print what book/errors-in-print.toml says
	$(BENCH)/bin/python -m pytest --quiet --noconftest -c /dev/null --rootdir . \
		tests/test_errors_in_print.py

# The tests of refimpl.arrays run with every library that there is; here torch is one.
arrays: $(BENCH)/.stamp ## Try refimpl.arrays with torch and JAX, and its gradients
	$(BENCH)/bin/python -m pytest --quiet --noconftest -c /dev/null --rootdir . -W error \
		tests/test_arrays.py

$(AUDIT)/.stamp: requirements/audit.txt
	$(PYTHON) -m venv --clear $(AUDIT)
	$(AUDIT)/bin/python $(INSTALL) --require-hashes -r requirements/audit.txt
	touch $@

# A package that the service does not know is an error too: it was not looked at. The lowest
# versions are old on purpose, and nobody installs them but the tests.
audit: $(AUDIT)/.stamp ## Ask whether locked versions have known vulnerabilities (needs the network)
	@$(AUDIT)/bin/pip-audit --strict --disable-pip --require-hashes \
		$(addprefix -r ,$(filter-out %/lowest.txt,$(wildcard requirements/*.txt))) \
		2>$(AUDIT)/said && status=0 || status=$$?; \
	cat $(AUDIT)/said >&2; \
	if [ $$status != 0 ] && ! grep -q "^Found .* known vulnerabilit" $(AUDIT)/said; then \
		echo "NOT AUDITED: PyPI, which lists what is vulnerable, did not answer for every package," \
			"so this says nothing of the versions. The workflow Test asks it every Monday." >&2; \
	fi; exit $$status

# The results of functions that did not change are kept in mutants/; `make clean` forgets them.
mutants: env ## Plant faults in refimpl and see tests fail (ARGS="kl js", ARGS=--minutes=10)
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 $(PY) -m tests.mutants $(ARGS)

lock: env ## Resolve requirements/*.txt again (ARGS=--upgrade: to the newest versions)
	$(COMPILE) $(ARGS) --group dev -o requirements/lock.txt
	$(COMPILE) $(ARGS) --group run --resolution lowest-direct -o requirements/lowest.txt
	$(COMPILE) $(ARGS) --group bench -o requirements/bench.txt
	$(COMPILE) $(ARGS) --group audit -o requirements/audit.txt
	$(COMPILE) $(ARGS) --group guided -o requirements/guided.txt

clean: ## Remove what was built; the environment stays
	rm -rf _build mutants book/api .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find src tests book -name __pycache__ -type d -prune -exec rm -rf {} +
