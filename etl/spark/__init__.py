"""How Spark is there: the session and what is forced on it, Java, jars, the JVM's classes and its errors."""
