"""The Scrapy project: pages in, listings out.

May import `counterfoil`; knows nothing of the index, the scheduler or the console.
"""
