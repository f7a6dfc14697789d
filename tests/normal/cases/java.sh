# java: javac, a run with threads, jar
# needs: javac java
printf 'public class A { public static void main(String[] a) throws Exception { Thread t = new Thread(() -> System.out.println("hello " + System.getProperty("user.home"))); t.start(); t.join(); java.nio.file.Files.createTempFile("a", "b"); } }\n' >A.java
javac A.java; java -cp . A | grep -q hello; jar cf a.jar A.class; java -cp a.jar A | grep -q hello
