#!/usr/bin/env python3
"""Makes the prompts that ship with the binary: spoken ones with espeak-ng, the music by itself.

Needs espeak-ng. Run once after a change of text, in this folder; the results are checked
in, so that building needs neither. Output: raw A-law, 8 kHz, mono.
"""

import math
import struct
import subprocess
import tempfile
import wave

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
# What the shipped call flows say, in both languages: the Chinese texts stand in ../src/speech/library.rs.
FLOWS = {
    "choice": (
        "ji4 xu4 deng3 dai4 qing3 an4 yi1, liu2 yan2 qing3 an4 er4, xu1 yao4 hui2 dian4 qing3 an4 san1.",
        "To keep waiting, press 1. To leave a message, press 2. To be called back, press 3.",
    ),
    "nobody": (
        "mu4 qian2 mei2 you3 hua4 wu4 yuan2 zai4 xian4. ji4 xu4 deng3 dai4 qing3 an4 yi1, liu2 yan2 qing3 an4 er4, "
        "xu1 yao4 hui2 dian4 qing3 an4 san1.",
        "Nobody is here at the moment. To wait, press 1. To leave a message, press 2. To be called back, press 3.",
    ),
    "after_hours": (
        "xian4 zai4 shi4 fei1 gong1 zuo4 shi2 jian1. liu2 yan2 qing3 an4 yi1, jin3 ji2 shi4 xiang4 qing3 an4 er4.",
        "We are closed now. To leave a message, press 1. If it is urgent, press 2.",
    ),
    "leave_message": (
        "qing3 zai4 ti2 shi4 yin1 hou4 liu2 yan2, jie2 shu4 qing3 an4 jing3 hao4 jian4.",
        "Please leave your message after the tone. Press the hash key when you are done.",
    ),
    "message_saved": (
        "liu2 yan2 yi3 bao3 cun2, wo3 men5 hui4 jin3 kuai4 hui2 fu4 nin2, zai4 jian4.",
        "Your message is saved. We will answer soon. Goodbye.",
    ),
    "callback_saved": (
        "yi3 wei4 nin2 deng1 ji4, hua4 wu4 yuan2 hui4 jin3 kuai4 gei3 nin2 hui2 dian4.",
        "Your number is noted. We will call you back soon.",
    ),
    "message_number": (
        "qing3 shu1 ru4 gong1 hao4 huo4 zuo4 xi2 hao4, yi3 jing3 hao4 jian4 jie2 shu4.",
        "Please enter your job or seat number, then the hash key.",
    ),
    "message_pin": (
        "qing3 shu1 ru4 shou1 ting1 kou3 ling4, yi3 jing3 hao4 jian4 jie2 shu4.",
        "Please enter your code, then the hash key.",
    ),
    "message_wrong": ("gong1 hao4 huo4 kou3 ling4 bu2 dui4.", "The number or the code is wrong."),
    "message_keys": (
        "chong2 ting1 qing3 an4 yi1, xia4 yi1 tiao2 qing3 an4 er4, shan1 chu2 qing3 an4 san1, hui2 bo1 qing3 an4 si4, "
        "jie2 shu4 qing3 an4 xing1 hao4 jian4.",
        "To hear it again, press 1. For the next one, press 2. To delete it, press 3. To call back, press 4. "
        "To finish, press star.",
    ),
    "connecting": ("zheng4 zai4 wei4 nin2 zhuan3 jie1, qing3 shao1 hou4.", "Please hold while we connect you."),
    "order_number": (
        "qing3 shu1 ru4 gong1 dan1 bian1 hao4 de5 shu4 zi4 bu4 fen5, yi3 jing3 hao4 jian4 jie2 shu4.",
        "Please enter the digits of your order number, then the hash key.",
    ),
    "order_code": (
        "qing3 shu1 ru4 liu4 wei4 cha2 xun2 ma3.",
        "Please enter the six digits of your query code.",
    ),
    "order_unknown": (
        "mei2 you3 zhao3 dao4 zhe4 ge4 gong1 dan1. chong2 xin1 shu1 ru4 qing3 an4 yi1.",
        "No such order was found. To try again, press 1.",
    ),
    "again": (
        "chong2 ting1 qing3 an4 yi1, cha2 xun2 qi2 ta1 gong1 dan1 qing3 an4 er4.",
        "To hear it again, press 1. For another order, press 2.",
    ),
    "survey": (
        "qing3 dui4 ben3 ci4 fu2 wu4 ping2 jia4. fei1 chang2 man3 yi4 qing3 an4 yi1, man3 yi4 qing3 an4 er4, "
        "yi1 ban1 qing3 an4 san1, bu4 man3 yi4 qing3 an4 si4, fei1 chang2 bu4 man3 yi4 qing3 an4 wu3.",
        "Please rate our service. Very satisfied, press 1. Satisfied, press 2. Neutral, press 3. Dissatisfied, press 4. "
        "Very dissatisfied, press 5.",
    ),
    "thanks": ("gan3 xie4 nin2 de5 ping2 jia4, zai4 jian4.", "Thank you. Goodbye."),
    "invalid": ("shu1 ru4 you3 wu4, qing3 chong2 xin1 shu1 ru4.", "That is not valid. Please try again."),
    "main_menu": (
        "zi1 xun2 qing3 an4 yi1, tou2 su4 ju3 bao4 qing3 an4 er4, ren2 gong1 fu2 wu4 qing3 an4 san1, "
        "gong1 dan1 cha2 xun2 qing3 an4 si4, ying1 yu3 fu2 wu4 qing3 an4 jiu3, liu2 yan2 qing3 an4 ling2.",
        "For advice, press 1. For complaints, press 2. For an agent, press 3. For the state of an order, press 4. "
        "To leave a message, press 0.",
    ),
}
# English variants of the older prompts.
ENGLISH = {
    "greeting": "Welcome to the city hotline 1 2 3 4 5. This call is recorded.",
    "all_busy": "All lines are busy. Please hold.",
    "goodbye": "Thank you for calling. Goodbye.",
}
RATE = 8000


def speak(name, text, voice="cmn-latn-pinyin"):
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run(["espeak-ng", "-v", voice, "-s", "155", "-p", "45", "-w", file.name, text], check=True)
        with wave.open(file.name) as source:
            rate = source.getframerate()
            frames = source.readframes(source.getnframes())
    # Attenuated before resampling, whose overshoot would clip otherwise; silence at both ends is
    # cut to a little, so that phrases can be joined.
    sound = [sample / 65536 for (sample,) in struct.iter_unpack("<h", frames)]
    sound = trim(resample(highpass(sound, rate, 200), rate))
    loudest = max(abs(sample) for sample in sound)
    write(name, [0.0] * 160 + [sample * 0.708 / loudest for sample in sound] + [0.0] * 320)


def highpass(sound, rate, hz):
    factor = 1 / (1 + math.tau * hz / rate)
    out, before, last = [], 0.0, 0.0
    for sample in sound:
        last = factor * (last + sample - before)
        before = sample
        out.append(last)
    return out


def resample(sound, rate):
    """Windowed sinc, cut off at 3,500 Hz."""
    half, cutoff, out = 40, 2 * 3500 / rate, []
    for at in range(int(len(sound) * RATE / rate)):
        centre = at * rate / RATE
        first = int(centre) - half
        total = 0.0
        for index in range(max(first, 0), min(first + 2 * half + 1, len(sound))):
            x = index - centre
            sinc = 1.0 if x == 0 else math.sin(math.pi * cutoff * x) / (math.pi * cutoff * x)
            window = 0.5 + 0.5 * math.cos(math.pi * x / (half + 1))
            total += sound[index] * sinc * window * cutoff
        out.append(total)
    return out


def trim(sound):
    loud = [at for at, sample in enumerate(sound) if abs(sample) > 0.005]
    return sound[max(loud[0] - 80, 0) : loud[-1] + 80]


def write(name, sound):
    with open(f"{name}.alaw", "wb") as file:
        file.write(bytes(a_law(int(max(-1.0, min(1.0, sample)) * 32767)) for sample in sound))


def a_law(sample):
    """ITU-T G.711, table 1a, from 16 bits."""
    sign, value = (0x80, sample >> 3) if sample >= 0 else (0x00, (~sample) >> 3)
    exponent = max(value.bit_length() - 5, 0)
    mantissa = (value >> max(exponent, 1)) & 0x0F if exponent else (value >> 1) & 0x0F
    return (sign | exponent << 4 | mantissa) ^ 0x55


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
    write("hold_music", sound)


for name, text in SPOKEN.items():
    speak(name, text)
for name, (chinese, english) in FLOWS.items():
    speak(name, chinese)
    speak(f"{name}.en", english, "en-us")
for name, english in ENGLISH.items():
    speak(f"{name}.en", english, "en-us")
music()
