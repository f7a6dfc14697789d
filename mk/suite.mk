# The test engine reads JUnit XML by expat.
LIBS += -lexpat
