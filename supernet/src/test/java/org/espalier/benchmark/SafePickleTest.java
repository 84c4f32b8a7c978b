package org.espalier.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Pickles are written byte by byte here, as an attacker would. */
class SafePickleTest {
  private static byte[] bytes(Object... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (Object part : parts) {
      switch (part) {
        case Integer value -> out.write(value);
        case String text -> out.writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
        default -> throw new IllegalArgumentException(part.toString());
      }
    }
    return out.toByteArray();
  }

  private static Object read(Object... parts) throws IOException {
    return SafePickle.read(bytes(parts));
  }

  /** A short text of protocol 4. */
  private static String text(String text) {
    return "\u008c" + (char) text.length() + text;
  }

  @Test
  void dataAreRead() throws IOException {
    assertThat(read(0x80, 4, "}(", text("a"), "K", 7, text("b"), "]", "(K", 1, "K", 2, "eu."))
        .isEqualTo(Map.of("a", 7, "b", List.of(1, 2)));
  }

  @Test
  void scalarsOfNumPyAreNumbers() throws IOException {
    String type = "cnumpy\ndtype\n(" + text("f8") + "\u0089\u0088tR";
    String state = "(K\u0003" + text("<") + "NNNtb";
    assertThat(
            read(
                0x80,
                4,
                "cnumpy.core.multiarray\nscalar\n(",
                type,
                state,
                "C",
                8,
                "\0\0\0\0\0\0\u00f8?",
                "tR."))
        .isEqualTo(1.5);
  }

  /** As pickle keeps an array: made empty, then given its shape, type and bytes. */
  private static byte[] array(String shape, String type, String content) {
    String empty = "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\0tC\u0001btR";
    String dtype = "cnumpy\ndtype\n(" + text(type) + "K\0K\u0001tR(K\u0003" + text("<") + "NNNtb";
    String data = "C" + (char) content.length() + content;
    return bytes(0x80, 3, empty, "(K\u0001(", shape, "t", dtype, "\u0089", data, "tb.");
  }

  @Test
  void arraysOfNumPyAreNumbers() throws IOException {
    String floats = "\0\0\u00c0?\0\0\0\u00c0";
    assertThat(SafePickle.read(array("K\u0002", "f4", floats)))
        .isInstanceOfSatisfying(
            SafePickle.Numbers.class,
            numbers -> assertThat(numbers.values()).containsExactly(1.5, -2));
    String integers = "\u0007\0\0\0\0\0\0\0";
    assertThat(SafePickle.read(array("K\u0001", "i8", integers)))
        .isInstanceOfSatisfying(
            SafePickle.Numbers.class, numbers -> assertThat(numbers.values()).containsExactly(7));
  }

  @Test
  void arraysThatAreNotWholeAreRefused() {
    for (byte[] wrong :
        List.of(
            array("K\u0003", "f4", "\0\0\u00c0?\0\0\0\u00c0"),
            array("K\u0001K\u0002", "f4", "\0\0\u00c0?\0\0\0\u00c0"),
            array("K\u0001", "O8", "\0\0\0\0\0\0\0\0"))) {
      assertThatThrownBy(() -> SafePickle.read(wrong)).isInstanceOf(IOException.class);
    }
  }

  @Test
  void orderedDictionariesAreMaps() throws IOException {
    assertThat(read(0x80, 2, "ccollections\nOrderedDict\n)R", text("k"), "K", 1, "s."))
        .isEqualTo(Map.of("k", 1));
  }

  static Stream<Arguments> foreign() {
    return Stream.of(
        Arguments.of("os.system", "cos\nsystem\n(" + text("true") + "tR."),
        Arguments.of("posix.system", text("posix") + text("system") + "\u0093."),
        Arguments.of("builtins.eval", "cbuiltins\neval\n."),
        Arguments.of("java.lang.Runtime", "cjava.lang\nRuntime\n)R."),
        Arguments.of("java.math.BigDecimal", "cjava.math\nBigDecimal\n."),
        Arguments.of("decimal.Decimal", "cdecimal\nDecimal\n(" + text("1") + "tR."),
        Arguments.of("copy_reg._reconstructor", "ccopy_reg\n_reconstructor\n."),
        Arguments.of("collections.OrderedDict.x", "ccollections\nOrderedDict.x\n."),
        Arguments.of("makes an array other than", "cnumpy\nndarray\n(K\u0001tR."),
        Arguments.of("numpy.core.multiarray.fromstring", "cnumpy.core.multiarray\nfromstring\n."),
        Arguments.of("instruction 0x69", "(ios\nsystem\n."), // INST
        Arguments.of("instruction 0x6f", "(cnumpy\ndtype\no."), // OBJ
        Arguments.of("instruction 0x81", "cnumpy\ndtype\n)\u0081."), // NEWOBJ
        Arguments.of("instruction 0x50", "Pid\n."), // PERSID
        Arguments.of("instruction 0x51", "NQ."), // BINPERSID
        Arguments.of("instruction 0x82", "\u0082\u0001."), // EXT1
        Arguments.of("calls something", text("system") + ")R."),
        Arguments.of("sets the state", "})b."),
        Arguments.of("sets the state", "ccollections\nOrderedDict\n)R}b."));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("foreign")
  void whatSuchFilesDoNotNeedEndsTheReading(String saying, String program) {
    assertThatThrownBy(() -> read(0x80, 4, program))
        .isInstanceOf(SafePickle.ForeignException.class)
        .hasMessageContaining(saying);
  }

  @Test
  void everyPieceOfAPickleIsRefused() throws IOException {
    byte[] whole =
        bytes(0x80, 4, "}(", text("name"), "K", 7, text("b"), "]", "(K", 1, "G12345678eu.");
    assertThat(SafePickle.read(whole)).isInstanceOf(Map.class);
    for (int length = 0; length < whole.length; length++) {
      byte[] piece = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> SafePickle.read(piece)).isInstanceOf(IOException.class);
    }
  }

  @Test
  void lengthsThatTheFileDoesNotHaveAreNotAllocated() {
    for (String op : List.of("B", "X")) {
      assertThatThrownBy(() -> read(0x80, 4, op, "\u00ff\u00ff\u00ff\u007f", "ab."))
          .isInstanceOf(IOException.class);
      assertThatThrownBy(() -> read(0x80, 4, op, "\u00ff\u00ff\u00ff\u00ff", "ab."))
          .isInstanceOf(IOException.class);
    }
  }

  /** A list that holds itself, as a key: its hash code has no end. */
  @Test
  void whatHoldsItselfIsRefused() {
    assertThatThrownBy(() -> read(0x80, 4, "}]\u0094h\u0000a]h\u0000ah\u0000\u0094K\u0001s."))
        .isInstanceOfAny(IOException.class, SafePickle.ForeignException.class);
  }
}
