"""What Spark lacks to read topics.

pom.xml  names its Kafka connector
jars     fetches that once
"""
