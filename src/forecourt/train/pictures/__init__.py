"""Drawn training pictures: placeholders of many families, stock pictures, marks on real ones.

A picture whose message is "there is no photo (yet)" is a Placeholder whatever lies behind it; a
photo with a banner, frame or watermark stays Dealer; a cut-out with a banner stays Stock; other
vehicles in a collage with an advertising line are a Placeholder.
"""
