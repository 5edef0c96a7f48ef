# SPDX-License-Identifier: Apache-2.0
"""Measures Millrace's control plane and its peers in one session on one machine."""
