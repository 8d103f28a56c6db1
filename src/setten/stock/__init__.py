"""What we can sell: goods, places, the ledger behind every number, promises and receipts.

Highest first: receipts, orders, movements, holds, availability, tasks, ledger, catalog, locations.
Knows nothing of customers, loyalty or messages; a row about a person carries an identifier number.
"""
