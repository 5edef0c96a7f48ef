# SPDX-License-Identifier: Apache-2.0
"""What the integration tests stand on: real brokers, databases and object stores, and Millrace processes on top."""
