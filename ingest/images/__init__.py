"""Images of a log, from a reference to a blob or a reason; in the order of the flow.

resolve    a reference becomes an ImageBlob or an ImageFailure
reference  an image as a log refers to it; data URLs and base64 become bytes
files      reads an image file that a record points to
fetch      fetches an image of an allowed host
urls       reads an https URL strictly
addresses  tells addresses of the internet from those of this machine and its network
dial       a TLS connection to an address that was checked, within a deadline
remote     reads an image from object storage
header     what the first bytes tell, before anything is decoded
decoder    has an image decoded in a process of its own, under limits of memory and time
child      that process, as its parent sees it
wire       what the two say to each other
worker     that process itself
pixels     decodes and shrinks; runs in the worker, and for images that were checked before
"""
