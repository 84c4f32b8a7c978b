package org.espalier.cuda;

import java.util.Arrays;

/**
 * A form of the kernels as text, which the driver compiles for its device. There are two, the
 * second of which knows tensor cores.
 *
 * @param target the devices of this compute capability and above
 * @param version the first that has all of it: compilers claim that of their own age, which older
 *     drivers refuse
 */
record Ptx(int target, String version) {
  private static final Ptx TURING = new Ptx(75, "6.4");
  private static final Ptx AMPERE = new Ptx(80, "7.0");

  /** For devices of that compute capability, as 90 for 9.0. */
  static Ptx of(int capability) {
    return capability < AMPERE.target ? TURING : AMPERE;
  }

  /** The least compute capability that there is a text for. */
  static int least() {
    return TURING.target;
  }

  /** The name of a file of kernels in this form. */
  String file(String kernels) {
    return kernels + "." + target + ".ptx";
  }

  /** The text with its version. */
  String lowered(String text) {
    return text.replaceFirst("(?m)^\\.version [0-9.]+", ".version " + version);
  }

  /** As the driver wants it. */
  static byte[] ended(byte[] text) {
    return Arrays.copyOf(text, text.length + 1);
  }
}
