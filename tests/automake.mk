# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += \
	schemas/examples \
	tests/bench \
	tests/corpus.py \
	tests/data \
	tests/docs-check \
	tests/e2e \
	tests/guest \
	tests/house-check \
	tests/soak \
	tests/tools
