"""Telephone revisits of new life-insurance policies: dialled, guided, recorded, proved."""
