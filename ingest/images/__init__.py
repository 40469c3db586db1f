"""Images of a log, from a reference to a blob or a reason; in the order of the flow.

resolve    a reference becomes an ImageBlob or an ImageFailure
reference  an image as a log refers to it; data URLs and base64 become bytes
files      reads an image file that a record points to
header     what the first bytes tell, before anything is decoded
decoder    has an image decoded in a process of its own, under limits of memory and time
child      that process, as its parent sees it
wire       what the two say to each other
worker     that process itself
pixels     decodes and shrinks; runs in the worker, and for images that were checked before
"""
