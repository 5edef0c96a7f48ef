# SPDX-License-Identifier: Apache-2.0
"""Requests per second of the API with signatures on; see README.md beside this folder."""
