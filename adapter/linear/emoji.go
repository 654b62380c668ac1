package linear

import (
	"strings"

	"github.com/yuin/goldmark-emoji/definition"
)

// emojiTable has a line for each well-known name: the name, the character that
// Linear takes for it, then other characters and short names that mean it. Each
// word but the name has a space on both sides, which is what look-ups rely on.
// Some characters end in the invisible selector U+FE0F.
const emojiTable = `
100 💯 100 ;
thumbs_up 👍 +1 thumbsup ;
thumbs_down 👎 -1 thumbsdown ;
clap 👏 clap ;
wave 👋 wave ;
pray 🙏 pray ;
muscle 💪 muscle ;
ok_hand 👌 ok_hand ;
point_up 👆 point_up ;
point_down 👇 point_down ;
point_left 👈 point_left ;
point_right 👉 point_right ;
raised_hands 🙌 raised_hands ;
shrug 🤷 shrug ;
facepalm 🤦 facepalm ;
heart ❤️ heart ;
smile 😊 smile slightly_smiling_face ;
laugh 😂 😆 laughing satisfied joy ;
thinking 🤔 thinking_face ;
sad 😢 cry sad white_frowning_face ;
cry 😭 sob ;
angry 😠 angry ;
love_eyes 😍 heart_eyes ;
cool 😎 sunglasses ;
wink 😉 wink ;
surprised 😮 open_mouth ;
worried 😟 worried ;
confused 😕 confused ;
neutral 😐 neutral_face ;
sleeping 😴 sleeping ;
sick 🤢 nauseated_face ;
mind_blown 🤯 exploding_head ;
relieved 😌 relieved ;
grimace 😬 grimacing ;
rolling_eyes 🙄 rolling_eyes ;
hug 🤗 hugging_face ;
zany 🤪 zany_face ;
check ✅ ✔️ white_check_mark heavy_check_mark ;
x ❌ ✖️ x heavy_multiplication_x ;
question ❓ ? question ;
exclamation ❗ exclamation ;
warning ⚠️ warning ;
stop 🛑 octagonal_sign ;
info ℹ️ information_source ;
fire 🔥 fire ;
star ⭐ star ;
sparkles ✨ sparkles ;
lightning ⚡ zap ;
boom 💥 boom ;
eyes 👀 eyes ;
green_circle 🟢 large_green_circle ;
yellow_circle 🟡 large_yellow_circle ;
red_circle 🔴 red_circle ;
blue_circle 🔵 large_blue_circle ;
white_circle ⚪ white_circle ;
black_circle ⚫ black_circle ;
rocket 🚀 rocket ;
party 🎉 🥳 tada partying_face ;
confetti 🎊 confetti_ball ;
balloon 🎈 balloon ;
gift 🎁 gift ;
trophy 🏆 trophy ;
medal 🥇 first_place_medal ;
lightbulb 💡 bulb ;
gear ⚙️ gear ;
wrench 🔧 wrench ;
hammer 🔨 hammer ;
bug 🐛 bug ;
link 🔗 link ;
lock 🔒 lock ;
unlock 🔓 unlock ;
key 🔑 key ;
pin 📌 pushpin ;
memo 📝 memo ;
clipboard 📋 clipboard ;
calendar 📅 calendar ;
clock 🕐 clock1 ;
hourglass ⏳ hourglass ;
bell 🔔 bell ;
megaphone 📢 mega ;
speech_bubble 💬 speech_balloon ;
email 📧 email ;
inbox 📥 inbox_tray ;
outbox 📤 outbox_tray ;
package 📦 package ;
folder 📁 file_folder ;
file 📄 page_facing_up ;
chart_up 📈 chart_with_upwards_trend ;
chart_down 📉 chart_with_downwards_trend ;
coffee ☕ coffee ;
pizza 🍕 pizza ;
beer 🍺 beer ;
arrow_up ⬆️ arrow_up ;
arrow_down ⬇️ arrow_down ;
arrow_left ⬅️ arrow_left ;
arrow_right ➡️ arrow_right ;
refresh 🔄 arrows_counterclockwise ;
sun ☀️ sunny ;
cloud ☁️ cloud ;
rain 🌧️ rain_cloud ;
snow ❄️ snowflake ;
rainbow 🌈 rainbow ;
`

// emojiSelector asks for the colored form of the character before it.
const emojiSelector = "\ufe0f"

// emojiName returns the well-known name of an emoji that is written as a short
// name, with or without colons and in any case, or as a character, with or
// without the selector of its colored form. An emoji that has no well-known name
// comes back as it was written.
func emojiName(raw string) string {
	short := strings.ToLower(strings.ReplaceAll(raw, ":", ""))
	if name := emojiLookup(short); name != "" {
		return name
	}
	if name := emojiOfCharacter(raw); name != "" {
		return name
	}
	// A spelling that the table leaves out, for example "collision".
	if e, ok := definition.Github().Get(short); ok && e.IsUnicode() {
		if name := emojiOfCharacter(string(e.Unicode)); name != "" {
			return name
		}
	}
	return raw
}

// emojiCharacter returns the character of a well-known name, as Linear takes it
// for a new reaction.
func emojiCharacter(name string) (string, bool) {
	if name == "" || strings.ContainsAny(name, " \n") {
		return "", false
	}
	_, line, found := strings.Cut(emojiTable, "\n"+name+" ")
	if !found {
		return "", false
	}
	character, _, _ := strings.Cut(line, " ")
	return character, true
}

func emojiOfCharacter(s string) string {
	bare := strings.TrimSuffix(s, emojiSelector)
	if name := emojiLookup(bare); name != "" {
		return name
	}
	return emojiLookup(bare + emojiSelector)
}

// emojiLookup returns the name of the line that has a word. Empty if there is
// none.
func emojiLookup(word string) string {
	if word == "" || word == ";" || strings.ContainsAny(word, " \n") {
		return ""
	}
	before, _, found := strings.Cut(emojiTable, " "+word+" ")
	if !found {
		return ""
	}
	name, _, _ := strings.Cut(before[strings.LastIndexByte(before, '\n')+1:], " ")
	return name
}
