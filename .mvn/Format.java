import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.FormatterException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.stream.Stream;

/**
 * Runs google-java-format over the whole tree. A program of its own because the formatter parses
 * with the javac it runs on: inside Maven that may be Java 17, which cannot read Java 25.
 *
 * <p>Usage: {@code java .mvn/Format.java check|write STAMP}, in the project's root. STAMP is
 * touched after a clean check, and a later check looks only at files that are newer.
 */
final class Format {
  public static void main(String[] args) throws IOException {
    boolean write = args[0].equals("write");
    Path stamp = Path.of(args[1]);
    FileTime start = FileTime.fromMillis(System.currentTimeMillis());
    FileTime checked =
        Files.exists(stamp) ? Files.getLastModifiedTime(stamp) : FileTime.fromMillis(0);

    List<Path> sources;
    try (Stream<Path> files = Files.walk(Path.of(""))) {
      sources = files.filter(Format::isSource).filter(f -> newer(f, checked)).toList();
    }
    List<Path> wrong = sources.parallelStream().filter(f -> isChanged(f, write)).sorted().toList();

    if (write) {
      wrong.forEach(f -> System.out.println("formatted " + f));
    } else if (!wrong.isEmpty()) {
      wrong.forEach(f -> System.err.println("not formatted: " + f));
      System.err.println("To format them: mvn -N -Pformat validate");
      System.exit(1);
    }
    Files.createDirectories(stamp.getParent());
    if (!Files.exists(stamp)) {
      Files.createFile(stamp);
    }
    Files.setLastModifiedTime(stamp, start);
  }

  private static boolean isSource(Path f) {
    return f.toString().endsWith(".java")
        && !f.toString().matches("(.*[/\\\\])?(target|runs)[/\\\\].*");
  }

  private static boolean newer(Path f, FileTime than) {
    try {
      return Files.getLastModifiedTime(f).compareTo(than) >= 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isChanged(Path f, boolean write) {
    try {
      String text = Files.readString(f);
      String formatted = new Formatter().formatSourceAndFixImports(text);
      if (write && !formatted.equals(text)) {
        Files.writeString(f, formatted);
      }
      return !formatted.equals(text);
    } catch (FormatterException e) {
      System.err.println(f + ": " + e.getMessage());
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
