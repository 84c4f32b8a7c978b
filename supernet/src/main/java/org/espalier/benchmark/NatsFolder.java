package org.espalier.benchmark;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.espalier.InputException;

/**
 * A folder of NATS-Bench (Dong et al. 2021), such as {@code NATS-tss-v1_0-3ffb9-simple}: {@code
 * meta.pickle.pbz2} with all architectures in order, and a file for each of them, {@code
 * 000011.pickle.pbz2}. Files may be missing.
 */
final class NatsFolder implements TableSource {
  static final String SUFFIX = ".pickle.pbz2";

  /** Records have a few hundred kilobytes. What unpacks to more is not one of them. */
  private static final int LIMIT = 64 << 20;

  private final Path folder;
  private final TableSpace space;
  private final int[] codes;

  private NatsFolder(Path folder, TableSpace space, int[] codes) {
    this.folder = folder;
    this.space = space;
    this.codes = codes;
  }

  /** Reads the list of architectures. */
  static NatsFolder open(Path folder) {
    Path meta = folder.resolve("meta" + SUFFIX);
    if (!Files.isRegularFile(meta)) {
      throw new InputException(
          folder
              + " has no meta"
              + SUFFIX
              + "; a folder of NATS-Bench such as"
              + " NATS-tss-v1_0-3ffb9-simple is wanted");
    }
    if (read(meta) instanceof Map<?, ?> map
        && map.get("meta_archs") instanceof List<?> all
        && !all.isEmpty()) {
      TableSpace space =
          String.valueOf(all.getFirst()).startsWith("|")
              ? TableSpace.NASBENCH201
              : TableSpace.NATS_SIZE;
      int[] codes =
          all.stream()
              .mapToInt(text -> space.code(space.parse(meta.toString(), String.valueOf(text))))
              .toArray();
      return new NatsFolder(folder, space, codes);
    }
    throw new InputException(meta + " holds no list 'meta_archs' of architectures");
  }

  @Override
  public TableSpace space() {
    return space;
  }

  @Override
  public int[] codes() {
    return codes;
  }

  @Override
  public List<String> notes() {
    return List.of("records and times of " + folder.getFileName() + " (NATS-Bench)");
  }

  @Override
  public void rows(Rows rows) {
    for (Path file : records()) {
      String name = file.getFileName().toString();
      int index = Integer.parseInt(name.substring(0, name.length() - SUFFIX.length()));
      if (index >= codes.length) {
        throw new InputException(
            "%s has a number beyond the %,d architectures of the folder's meta%s"
                .formatted(file, codes.length, SUFFIX));
      }
      rows.row(index, NatsRecord.series(file, read(file), space, codes[index], index));
    }
  }

  private List<Path> records() {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.getFileName().toString().matches("[0-9]{6}\\.pickle\\.pbz2"))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new InputException(folder + " cannot be read: " + InputException.reason(e), e);
    }
  }

  /** What a file holds; runs nothing. */
  static Object read(Path file) {
    try (InputStream in = Files.newInputStream(file);
        InputStream unpacked = new BZip2CompressorInputStream(new BufferedInputStream(in), true)) {
      byte[] pickle = unpacked.readNBytes(LIMIT);
      if (pickle.length == LIMIT) {
        throw new InputException(
            "%s unpacks to more than %d MB; records of NATS-Bench have less than one"
                .formatted(file, LIMIT >> 20));
      }
      return SafePickle.read(pickle);
    } catch (SafePickle.ForeignException e) {
      throw new InputException(file + " " + e.getMessage() + "; nothing of it was run", e);
    } catch (IOException e) {
      throw new InputException(
          "%s is damaged, cut off, or no pickle packed by bzip2: %s"
              .formatted(file, InputException.reason(e)),
          e);
    }
  }
}
