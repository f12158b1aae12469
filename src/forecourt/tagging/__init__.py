"""Stage: every image of a scrape is identified, fetched if unknown, classified and settled.

    1. settle    what needs no request: URLs asked about already, and fresh ones of trusted hosts
    2. ask       one GET per URL, conditional where something is known (network, no transaction)
    3. identify  header keys and bytes keys → stored images; the host earns or loses trust
    4. classify  what no model of this version has seen (CPU, no transaction)
    5. store     images, keys, answers and settlements in one short transaction
    6. carry     fixes travel to images that show a fixed picture, encoded anew

What another run is at work on just now is left to it, and taken from the store afterwards.

Steps 2-5 stream: at any moment a bounded number of images is in memory. A crash at any point loses
at most the images in flight; what was settled stays settled, and the next run goes on from there.
"""

from forecourt.tagging.run import Ending, Tools, tag_scrape
from forecourt.tagging.tally import Tally

__all__ = ["Ending", "Tally", "Tools", "tag_scrape"]
