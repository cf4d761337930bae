#!/usr/bin/env python3
"""Makes the prompts that ship with the binary: spoken ones with espeak-ng, the music by itself.

Needs espeak-ng and sox. Run once after a change of text, in this folder; the results are checked
in, so that building needs neither. Output: raw A-law, 8 kHz, mono.
"""

import math
import struct
import subprocess
import tempfile

# espeak-ng reads characters poorly (银行, 长大), so texts are given in pinyin with tone numbers.
SPOKEN = {
    # 您好，一二三四五热线，通话将被录音。 Short, because the caller joins the queue after it.
    "greeting": "nin2 hao3, yi1 er4 san1 si4 wu3 re4 xian4, tong1 hua4 jiang1 bei4 lu4 yin1.",
    # 您前面还有
    "ahead_of_you": "nin2 qian2 mian4 hai2 you3",
    # 位在等待，请稍候。
    "are_waiting": "wei4 zai4 deng3 dai4, qing3 shao1 hou4.",
    # 当前话务员全忙，请稍候。
    "all_busy": "dang1 qian2 hua4 wu4 yuan2 quan2 mang2, qing3 shao1 hou4.",
    # 感谢您的来电，再见。
    "goodbye": "gan3 xie4 nin2 de5 lai2 dian4, zai4 jian4.",
    # 工号 (digits follow)
    "job_number": "gong1 hao4",
    # 为您服务。
    "serves_you": "wei4 nin2 fu2 wu4.",
    # 请您稍等，正在为您查询。
    "please_wait": "qing3 nin2 shao1 deng3, zheng4 zai4 wei4 nin2 cha2 xun2.",
    # 感谢您的耐心等待。
    "thanks_for_waiting": "gan3 xie4 nin2 de5 nai4 xin1 deng3 dai4.",
    "digit_0": "ling2",
    "digit_1": "yi1",
    "digit_2": "er4",
    "digit_3": "san1",
    "digit_4": "si4",
    "digit_5": "wu3",
    "digit_6": "liu4",
    "digit_7": "qi1",
    "digit_8": "ba1",
    "digit_9": "jiu3",
    "digit_10": "shi2",
    # 两, before a measure word
    "two_of": "liang3",
}
RATE = 8000


def speak(name, text):
    with tempfile.NamedTemporaryFile(suffix=".wav") as wav:
        subprocess.run(
            ["espeak-ng", "-v", "cmn-latn-pinyin", "-s", "155", "-p", "45", "-w", wav.name, text],
            check=True,
        )
        # Attenuated before resampling, whose overshoot would clip otherwise; silence at both ends
        # is cut to a little, so that phrases can be joined.
        effects = "vol 0.5 highpass 200 rate 8000 silence 1 0.01 0.5% reverse silence 1 0.01 0.5% "
        effects += "pad 0.04 reverse pad 0.02 norm -3"
        subprocess.run(
            ["sox", wav.name, "-t", "raw", "-r", "8000", "-c", "1", "-e", "a-law", f"{name}.alaw"]
            + effects.split(),
            check=True,
        )


def music():
    """A slow pentatonic figure of plucked tones; its end fades into its beginning."""
    beat = 0.4
    figure = "C4 G4 C5 E5 D5 C5 A4 G4 | A3 E4 A4 C5 D5 C5 A4 E4 | F3 C4 A4 C5 D5 E5 D5 C5 | G3 D4 G4 A4 C5 A4 G4 D4 "
    figure += "| C4 G4 E5 G5 E5 D5 C5 G4"
    steps = {"C": -9, "D": -7, "E": -5, "F": -4, "G": -2, "A": 0, "B": 2}
    notes = [note for note in figure.split() if note != "|"]
    length = int(len(notes) * beat * RATE)
    sound = [0.0] * length
    for index, note in enumerate(notes):
        hz = 440.0 * 2 ** ((steps[note[0]] + 12 * (int(note[1]) - 4)) / 12)
        start = int(index * beat * RATE)
        loud = 0.22 if index % 8 == 0 else 0.15
        for at in range(int(2.4 * RATE)):
            seconds = at / RATE
            envelope = min(seconds / 0.012, 1.0) * math.exp(-seconds * 1.9)
            envelope *= min((2.4 - seconds) / 0.1, 1.0)
            wave = math.sin(math.tau * hz * seconds)
            wave += 0.25 * math.sin(math.tau * 2 * hz * seconds) * math.exp(-seconds * 3)
            sound[(start + at) % length] += loud * envelope * wave
    pcm = b"".join(struct.pack("<h", int(max(-1.0, min(1.0, s)) * 32767)) for s in sound)
    raw = "-t raw -r 8000 -c 1".split()
    subprocess.run(
        ["sox", *raw, "-e", "signed", "-b", "16", "-", *raw, "-e", "a-law", "hold_music.alaw"],
        input=pcm,
        check=True,
    )


for name, text in SPOKEN.items():
    speak(name, text)
music()
