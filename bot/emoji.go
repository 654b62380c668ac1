package bot

import (
	"iter"
	"strings"
)

// Emoji returns the emoji with a well-known name, for example "🚀" for
// "rocket". It is empty if there is none. Names are lower case.
func Emoji(name string) string {
	for e := range emojis() {
		if e.name == name {
			return firstOf(e.unicode)
		}
	}
	return ""
}

// EmojiName returns the well-known name of an emoji that is given as itself,
// for example "👍", or as a short code in any case, with or without colons, for
// example "thumbsup" or ":+1:". It returns s if there is none, so well-known
// names come back as they are, but for the few that are the short code of
// another emoji: "cry" means "sad".
func EmojiName(s string) string {
	if name := nameOfUnicode(s); name != "" {
		return name
	}
	if name := nameOfShortcode(s); name != "" {
		return name
	}
	return s
}

// EmojiPlaceholder returns the text that stands for an emoji in a post, for
// example "{{emoji:rocket}}". A name that is not known is shown as it is.
func EmojiPlaceholder(name string) string { return "{{emoji:" + name + "}}" }

// reactionEmoji returns what is sent for a reaction: the emoji with that
// well-known name, or name itself.
func reactionEmoji(name string) string {
	if e := Emoji(name); e != "" {
		return e
	}
	return name
}

// replaceEmoji replaces placeholders like {{emoji:rocket}} by emoji, in code as
// well. A name that is not known is left without the braces.
func replaceEmoji(text string) string { return replaceEmojiBy(text, Emoji) }

// replaceEmojiBy is replaceEmoji with other names. lookup returns "" for a name
// that is not known.
func replaceEmojiBy(text string, lookup func(name string) string) string {
	if !strings.Contains(text, "{{") {
		return text
	}
	var b strings.Builder
	from := 0
	for i := 0; ; {
		next := strings.Index(text[i:], "{{")
		if next < 0 {
			break
		}
		i += next
		name, n := placeholder(text[i:])
		if n == 0 {
			i++
			continue
		}
		b.WriteString(text[from:i])
		if e := lookup(name); e != "" {
			b.WriteString(e)
		} else {
			b.WriteString(name)
		}
		i += n
		from = i
	}
	if from == 0 {
		return text
	}
	b.WriteString(text[from:])
	return b.String()
}

// placeholder reads the placeholder that s begins with. n is its length, 0 if
// there is none.
func placeholder(s string) (name string, n int) {
	const open = "{{emoji:"
	if len(s) < len(open) || !strings.EqualFold(s[:len(open)], open) {
		return "", 0
	}
	end := len(open)
	for end < len(s) && (isLetter(s[end]) || s[end] >= '0' && s[end] <= '9' || s[end] == '_') {
		end++
	}
	if end == len(open) || !strings.HasPrefix(s[end:], "}}") {
		return "", 0
	}
	return s[len(open):end], end + len("}}")
}

func nameOfUnicode(s string) string {
	for e := range emojis() {
		if listHas(e.unicode, s) {
			return e.name
		}
	}
	return ""
}

func nameOfShortcode(s string) string {
	s = strings.TrimSuffix(strings.TrimPrefix(s, ":"), ":")
	for e := range emojis() {
		if listHas(e.shortcodes, s) {
			return e.name
		}
	}
	return ""
}

// listHas reports whether a list with commas has s, in any case.
func listHas(list, s string) bool {
	for item := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(item, s) {
			return true
		}
	}
	return false
}

func firstOf(list string) string {
	item, _, _ := strings.Cut(list, ",")
	return item
}

// emoji is a line of the table: its well-known name, its spellings in Unicode,
// the first of which is the one to send, and its short codes.
type emoji struct{ name, unicode, shortcodes string }

func emojis() iter.Seq[emoji] {
	return func(yield func(emoji) bool) {
		for line := range strings.Lines(emojiTable) {
			name, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			unicode, shortcodes, _ := strings.Cut(rest, " ")
			if !yield(emoji{name, unicode, shortcodes}) {
				return
			}
		}
	}
}

const emojiTable = `100 💯 100
thumbs_up 👍 +1,thumbsup
thumbs_down 👎 -1,thumbsdown
clap 👏 clap
wave 👋 wave
pray 🙏 pray
muscle 💪 muscle
ok_hand 👌 ok_hand
point_up 👆 point_up
point_down 👇 point_down
point_left 👈 point_left
point_right 👉 point_right
raised_hands 🙌 raised_hands
shrug 🤷 shrug
facepalm 🤦 facepalm
heart ❤️,❤ heart
smile 😊 smile,slightly_smiling_face
laugh 😂,😆 laughing,satisfied,joy
thinking 🤔 thinking_face
sad 😢 cry,sad,white_frowning_face
cry 😭 sob
angry 😠 angry
love_eyes 😍 heart_eyes
cool 😎 sunglasses
wink 😉 wink
surprised 😮 open_mouth
worried 😟 worried
confused 😕 confused
neutral 😐 neutral_face
sleeping 😴 sleeping
sick 🤢 nauseated_face
mind_blown 🤯 exploding_head
relieved 😌 relieved
grimace 😬 grimacing
rolling_eyes 🙄 rolling_eyes
hug 🤗 hugging_face
zany 🤪 zany_face
check ✅,✔️ white_check_mark,heavy_check_mark
x ❌,✖️ x,heavy_multiplication_x
question ❓,? question
exclamation ❗ exclamation
warning ⚠️ warning
stop 🛑 octagonal_sign
info ℹ️ information_source
fire 🔥 fire
star ⭐ star
sparkles ✨ sparkles
lightning ⚡ zap
boom 💥 boom
eyes 👀 eyes
green_circle 🟢 large_green_circle
yellow_circle 🟡 large_yellow_circle
red_circle 🔴 red_circle
blue_circle 🔵 large_blue_circle
white_circle ⚪ white_circle
black_circle ⚫ black_circle
rocket 🚀 rocket
party 🎉,🥳 tada,partying_face
confetti 🎊 confetti_ball
balloon 🎈 balloon
gift 🎁 gift
trophy 🏆 trophy
medal 🥇 first_place_medal
lightbulb 💡 bulb
gear ⚙️ gear
wrench 🔧 wrench
hammer 🔨 hammer
bug 🐛 bug
link 🔗 link
lock 🔒 lock
unlock 🔓 unlock
key 🔑 key
pin 📌 pushpin
memo 📝 memo
clipboard 📋 clipboard
calendar 📅 calendar
clock 🕐 clock1
hourglass ⏳ hourglass
bell 🔔 bell
megaphone 📢 mega
speech_bubble 💬 speech_balloon
email 📧 email
inbox 📥 inbox_tray
outbox 📤 outbox_tray
package 📦 package
folder 📁 file_folder
file 📄 page_facing_up
chart_up 📈 chart_with_upwards_trend
chart_down 📉 chart_with_downwards_trend
coffee ☕ coffee
pizza 🍕 pizza
beer 🍺 beer
arrow_up ⬆️ arrow_up
arrow_down ⬇️ arrow_down
arrow_left ⬅️ arrow_left
arrow_right ➡️ arrow_right
refresh 🔄 arrows_counterclockwise
sun ☀️ sunny
cloud ☁️ cloud
rain 🌧️ rain_cloud
snow ❄️ snowflake
rainbow 🌈 rainbow
`
