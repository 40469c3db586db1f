"""A broker for development and tests; not part of the installed package.

pom.xml     which Apache Kafka, from Maven Central
broker      gets its jars, formats a log, starts it on loopback
"""
